//! Mails alarms over SMTP.

use std::path::PathBuf;
use std::time::Duration;

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Mailboxes};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Message, SmtpTransport, Transport};
use station_core::model::{Alarm, AlarmState};

use super::{Channel, roots};

/// How long each step of the conversation may take.
const LIMIT: Duration = Duration::from_secs(10);

/// How the way to the server is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// TLS is asked for in the conversation, and required.
    StartTls,
    /// TLS from the first byte on.
    Tls,
    /// Nothing is hidden.
    None,
}

impl SmtpSecurity {
    /// The port that is usual for it.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// Where mails are handed in, from whom and to whom.
#[derive(Clone)]
pub struct EmailSettings {
    /// The server's name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way to it is kept private.
    pub security: SmtpSecurity,
    /// User and password, when the server asks for them.
    pub login: Option<(String, String)>,
    /// Certificates to be trusted in place of the system's.
    pub ca_file: Option<PathBuf>,
}

/// Mails alarms.
pub struct Email {
    settings: EmailSettings,
    from: Mailbox,
    to: Mailboxes,
}

impl Email {
    /// Between these addresses.
    ///
    /// # Errors
    /// The address that is none.
    pub fn new(settings: EmailSettings, from: &str, to: &[String]) -> Result<Self, String> {
        let read = |text: &str| text.parse::<Mailbox>().map_err(|_| text.to_owned());
        let mut all = Mailboxes::new();
        for text in to {
            all.push(read(text)?);
        }
        Ok(Self { settings, from: read(from)?, to: all })
    }

    fn transport(&self) -> Result<SmtpTransport, String> {
        let EmailSettings { host, port, security, login, ca_file: _ } = &self.settings;
        let tls = match security {
            SmtpSecurity::StartTls => Tls::Required(self.tls()?),
            SmtpSecurity::Tls => Tls::Wrapper(self.tls()?),
            SmtpSecurity::None => Tls::None,
        };
        let mut builder = SmtpTransport::builder_dangerous(host.as_str())
            .port(*port)
            .tls(tls)
            .timeout(Some(LIMIT))
            .hello_name(ClientId::Domain(hostname()));
        if let Some((user, password)) = login {
            builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
        }
        Ok(builder.build())
    }

    fn tls(&self) -> Result<TlsParameters, String> {
        let wrong = |error| format!("the certificates cannot be used: {error}");
        let mut builder = TlsParameters::builder(self.settings.host.clone())
            .certificate_store(CertificateStore::WebpkiRoots);
        if let Some(pem) = roots::pem(self.settings.ca_file.as_deref())? {
            let certificates = Certificate::from_pem(&pem).map_err(wrong)?;
            builder = builder
                .certificate_store(CertificateStore::None)
                .add_root_certificate(certificates);
        }
        builder.build_rustls().map_err(wrong)
    }

    fn message(&self, alarm: &Alarm) -> Result<Message, String> {
        let state = match alarm.state {
            AlarmState::Active => alarm.severity.name(),
            AlarmState::Acknowledged | AlarmState::Cleared => alarm.state.name(),
        };
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let id = format!("<{}.{}.{}@{}>", alarm.source(), alarm.id, alarm.last_at.0, hostname());
        Message::builder()
            .from(self.from.clone())
            .mailbox(lettre::message::header::To::from(self.to.clone()))
            .subject(format!("[{state}] {}", one_line(&alarm.message)))
            .message_id(Some(id))
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN)
            .body(text(alarm))
            .map_err(|error| format!("the mail cannot be written: {error}"))
    }
}

impl Channel for Email {
    fn deliver(&self, alarm: &Alarm) -> Result<(), String> {
        let message = self.message(alarm)?;
        let EmailSettings { host, port, .. } = &self.settings;
        let told = |error| format!("{host}:{port} did not take the mail: {error}");
        self.transport()?.send(&message).map(drop).map_err(told)
    }
}

fn text(alarm: &Alarm) -> String {
    let mut text = format!("{}.\n\n", one_line(&alarm.message));
    let mut line = |name: &str, value: &str| {
        text.push_str(&format!("{:<15}{value}\n", format!("{name}:")));
    };
    let shown = |at: station_core::model::Micros| format!("{:.6}", at.timestamp());
    match alarm.job {
        Some(job) => {
            line("Job", &format!("{job} ({})", one_line(&alarm.job_name)));
            if let Some(execution) = alarm.execution {
                line("Execution", &execution.to_string());
            }
            line("Planned for", &shown(alarm.scheduled));
            line("Error", &one_line(alarm.error.as_deref().unwrap_or("none was told")));
        }
        None => line("Source", &one_line(&alarm.source())),
    }
    line("Severity", alarm.severity.name());
    line("State", alarm.state.name());
    line("Since", &shown(alarm.triggered_at));
    line("Occurrences", &alarm.occurrences.to_string());
    if let Some(by) = &alarm.acknowledged_by {
        line("Acknowledged", &format!("by {}", one_line(by)));
    }
    if let Some(note) = &alarm.note {
        line("Note", &one_line(note));
    }
    line("Host", &hostname());
    line("Event", &alarm.id.to_string());
    text
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The machine's name, as the kernel tells it.
fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "localhost".to_owned() } else { name.to_owned() }
}
