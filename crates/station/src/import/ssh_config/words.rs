//! Splits the lines of ssh_config(5) into words, as ssh does.

/// The keyword of a line, and what follows it; none in a comment or an empty line.
pub(super) fn keyword(line: &str) -> Option<(String, &str)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    // Even keywords may stand in quotes.
    let (word, rest) = match line.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
        Some(quoted) => quoted,
        None => {
            let end = line.find(|c: char| c.is_whitespace() || matches!(c, '=' | '"'));
            line.split_at_checked(end.unwrap_or(line.len()))?
        }
    };
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('=').unwrap_or(rest);
    Some((word.to_owned(), rest))
}

/// The words of a text: quotes of both kinds hold spaces, a backslash keeps a quote, a space or
/// itself, and a word that begins with `#` begins a comment.
pub(super) fn arguments(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '#' if quote.is_none() && word.is_none() => break,
            '\\' => {
                let kept = |next: &char| matches!(*next, '"' | '\'' | '\\' | ' ');
                let letter = letters.next_if(kept).unwrap_or('\\');
                word.get_or_insert_default().push(letter);
            }
            '"' | '\'' if quote.is_none() => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            _ if quote == Some(letter) => quote = None,
            _ if letter.is_whitespace() && quote.is_none() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words.retain(|word| !word.is_empty());
    words
}
