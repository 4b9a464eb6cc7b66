//! The examples of docs/sequences.md are read as they stand there.

use std::path::Path;

use station_instrument::sequence::{parse, timeline};

/// The blocks of a document that are in a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let begin = format!("```{language}\n");
    text.split(&begin).skip(1).map(|part| part.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_examples_are_sequences_and_the_timeline_is_as_printed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sequences.md");
    let text = std::fs::read_to_string(path).unwrap();
    let examples = blocks(&text, "toml");
    assert!(examples.len() >= 5, "the worked example, and one of each kind of step");
    for example in &examples {
        let (sequence, _) = parse(example).unwrap_or_else(|faults| panic!("{faults:?}: {example}"));
        timeline(&sequence).unwrap();
    }
    let (sequence, on_release) = parse(&examples[0]).unwrap();
    assert_eq!(on_release.len(), 1);
    // As `station sequence run --dry-run` prints it, below its heading.
    let printed: String = timeline(&sequence)
        .unwrap()
        .iter()
        .map(|step| {
            let (at, asked) = (step.at.as_secs_f64(), step.asked.as_secs_f64());
            let target = step.what.target().unwrap_or_default();
            let asked = match step.asked == step.at {
                true => String::new(),
                false => format!("   (asked for {asked:.3} s)"),
            };
            format!("{at:.3} s  {:<8} {target}: {}{asked}\n", step.path, step.what.summary())
        })
        .collect();
    let shown = &blocks(&text, "text")[0];
    assert_eq!(shown.split_once('\n').unwrap().1, printed);
}
