//! How output comes from here.

use crate::bench::Bench;

#[tokio::test]
async fn short_output_comes_with_the_end() {
    let bench = Bench::local();
    let mut alone = 0;
    for _ in 0..10 {
        alone += usize::from(bench.run_shell("echo hi").await.seen.batches.is_empty());
    }
    assert!(alone >= 5, "{alone} of 10");
}
