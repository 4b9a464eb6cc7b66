//! Measures warm commands over one host: `warm CONFIG HOST COUNT [AT_ONCE]`.

use std::io::Write as _;
use std::time::{Duration, Instant};

use station_remote::{Client, ClientConfig, End, Read, Request, Route};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("usage: warm CONFIG HOST COUNT [AT_ONCE]");
    let (file, host, count) = (next()?, next()?, next()?.parse::<u32>()?);
    let at_once: u32 = next().unwrap_or_else(|_| "1".to_owned()).parse()?;
    let config = ClientConfig { config_file: Some(file.into()), ..ClientConfig::from_env() };
    let client = Client::new(config);
    one(&client, &host).await?;
    let begun = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    for number in 0..count {
        if number >= at_once
            && let Some(done) = running.join_next().await
        {
            done??;
        }
        let (client, host) = (client.clone(), host.clone());
        running.spawn(async move { one(&client, &host).await.map_err(|error| error.to_string()) });
    }
    while let Some(done) = running.join_next().await {
        done??;
    }
    let rate = f64::from(count) / begun.elapsed().as_secs_f64();
    let cpu = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let cpu = Duration::try_from(cpu)? / count;
    writeln!(std::io::stdout(), "{rate:.0} commands/s, {cpu:?} of our CPU each")?;
    Ok(())
}

async fn one(client: &Client, host: &str) -> Result<(), Box<dyn std::error::Error>> {
    let request = Request { guard: None, ..Request::new("true") };
    let mut running = client.start(&Route::ssh(host), request).await?;
    let mut buffer = Vec::new();
    loop {
        if let Read::Ended(ended) = running.read(&mut buffer).await {
            return match ended.end {
                End::Exit(0) => Ok(()),
                End::Exit(_) | End::Signal(_) | End::NeverStarted | End::Unknown => {
                    Err(format!("{ended:?}").into())
                }
            };
        }
    }
}
