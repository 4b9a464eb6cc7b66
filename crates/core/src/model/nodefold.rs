//! Folding: many names of nodes as one short text, which a node set reads back.

use std::collections::BTreeMap;

/// Numbers with more digits than this are letters to a fold.
const LONGEST_NUMBER: usize = 18;

/// The names as a node set: `rack[1-3,5]`, in natural order, each once.
///
/// Numbers that begin with zeros are folded with others of their length, the rest by themselves, so
/// that reading the text back gives the same names.
///
/// ```
/// use station_core::model::fold;
///
/// assert_eq!(fold(["rack5", "rack1", "rack3", "rack2", "pi"]), "pi,rack[1-3,5]");
/// assert_eq!(fold(["r1n1", "r1n2", "r2n1", "r2n2"]), "r[1-2]n[1-2]");
/// assert_eq!(fold(["n08", "n09", "n10", "n11"]), "n[08-11]");
/// ```
#[must_use]
pub fn fold<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut items: Vec<Pattern> = names.into_iter().map(Pattern::of).collect();
    let dimensions = items.iter().map(|item| item.numbers.len()).max().unwrap_or(0);
    // The last number of a name is the one that counts nodes as a rule.
    for at in (0..dimensions).rev() {
        items = merge(items, at);
    }
    items.sort();
    items.dedup();
    let texts: Vec<String> = items.iter().map(Pattern::text).collect();
    texts.join(",")
}

/// A name with its numbers taken out; each stands for several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pattern {
    /// What stands before, between and behind the numbers.
    around: Vec<String>,
    numbers: Vec<Numbers>,
}

/// Numbers of one form: all of so many digits, or none with a zero in front.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Numbers {
    /// In ascending order, each once.
    all: Vec<u64>,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// `7`, `10`: as it comes, of this many digits.
    Plain(usize),
    /// `07`: filled up to this many digits.
    Padded(usize),
}

impl Pattern {
    fn of(name: &str) -> Self {
        let mut pattern = Self { around: Vec::new(), numbers: Vec::new() };
        let (mut text, mut digits) = (String::new(), String::new());
        for c in name.chars() {
            if c.is_ascii_digit() {
                digits.push(c);
            } else {
                pattern.take(&mut text, &mut digits);
                text.push(c);
            }
        }
        pattern.take(&mut text, &mut digits);
        pattern.around.push(text);
        pattern
    }

    /// Ends a number, if there is one.
    fn take(&mut self, text: &mut String, digits: &mut String) {
        let digits = std::mem::take(digits);
        match digits.parse() {
            Ok(number) if digits.len() <= LONGEST_NUMBER => {
                let padded = digits.len() > 1 && digits.starts_with('0');
                let form =
                    if padded { Form::Padded(digits.len()) } else { Form::Plain(digits.len()) };
                self.around.push(std::mem::take(text));
                self.numbers.push(Numbers { all: vec![number], form });
            }
            _ => text.push_str(&digits),
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (at, around) in self.around.iter().enumerate() {
            text.push_str(around);
            if let Some(numbers) = self.numbers.get(at) {
                numbers.put(&mut text);
            }
        }
        text
    }
}

impl Numbers {
    fn put(&self, text: &mut String) {
        let width = match self.form {
            Form::Plain(_) => 0,
            Form::Padded(width) => width,
        };
        let one = |number: u64| format!("{number:0width$}");
        if let [number] = self.all.as_slice() {
            text.push_str(&one(*number));
            return;
        }
        let mut parts: Vec<String> = Vec::new();
        let mut rest = self.all.iter().copied().peekable();
        while let Some(first) = rest.next() {
            let mut last = first;
            while let Some(next) = rest.next_if(|next| last.checked_add(1) == Some(*next)) {
                last = next;
            }
            parts.push(if last == first {
                one(first)
            } else {
                format!("{}-{}", one(first), one(last))
            });
        }
        text.push_str(&format!("[{}]", parts.join(",")));
    }
}

/// Brings together the patterns that differ in the number at this place alone.
fn merge(items: Vec<Pattern>, at: usize) -> Vec<Pattern> {
    let mut alike: BTreeMap<Pattern, Vec<Numbers>> = BTreeMap::new();
    let mut merged = Vec::new();
    for mut item in items {
        let Some(number) = item.numbers.get_mut(at) else {
            merged.push(item);
            continue;
        };
        let own = std::mem::replace(number, Numbers { all: Vec::new(), form: Form::Plain(0) });
        alike.entry(item).or_default().push(own);
    }
    for (pattern, numbers) in alike {
        for numbers in by_form(numbers) {
            let mut one = pattern.clone();
            if let Some(place) = one.numbers.get_mut(at) {
                *place = numbers;
            }
            merged.push(one);
        }
    }
    merged
}

/// Numbers of one form each: a number without zeros in front joins padded ones of its length.
fn by_form(numbers: Vec<Numbers>) -> Vec<Numbers> {
    let padded: Vec<Form> = numbers
        .iter()
        .map(|numbers| numbers.form)
        .filter(|form| matches!(form, Form::Padded(_)))
        .collect();
    let mut forms: BTreeMap<Form, Vec<u64>> = BTreeMap::new();
    for Numbers { all, form } in numbers {
        let form = match form {
            Form::Plain(digits) if padded.contains(&Form::Padded(digits)) => Form::Padded(digits),
            Form::Plain(_) => Form::Plain(0),
            Form::Padded(_) => form,
        };
        forms.entry(form).or_default().extend(all);
    }
    let sorted = |(form, mut all): (Form, Vec<u64>)| {
        all.sort_unstable();
        all.dedup();
        Numbers { all, form }
    };
    forms.into_iter().map(sorted).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// The names a folded text stands for, read by the plainest means.
    fn expand(text: &str) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let (mut depth, mut item) = (0, String::new());
        for c in text.chars().chain([',']) {
            depth += i32::from(c == '[') - i32::from(c == ']');
            if c == ',' && depth == 0 {
                names.extend(expand_one(&std::mem::take(&mut item)));
            } else {
                item.push(c);
            }
        }
        names
    }

    fn expand_one(item: &str) -> Vec<String> {
        let Some((before, rest)) = item.split_once('[') else { return vec![item.to_owned()] };
        let (ranges, after) = rest.split_once(']').unwrap();
        let after = expand_one(after);
        let mut names = Vec::new();
        for range in ranges.split(',') {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let width = if first.starts_with('0') { first.len() } else { 0 };
            for number in first.parse::<u64>().unwrap()..=last.parse().unwrap() {
                names.extend(after.iter().map(|rest| format!("{before}{number:0width$}{rest}")));
            }
        }
        names
    }

    #[test]
    fn names_are_folded_in_natural_order() {
        for (names, folded) in [
            (&[][..], ""),
            (&["local-1"], "local-1"),
            (&["rack10", "rack2", "rack1", "rack2"], "rack[1-2,10]"),
            (&["rack1", "rack01", "rack001"], "rack1,rack01,rack001"),
            (&["a9", "a10", "a08"], "a[08,10],a9"),
            (&["a09", "a10", "a100"], "a[09-10],a100"),
            (&["10.0.0.1", "10.0.0.2", "10.0.1.1", "10.0.1.2"], "10.0.[0-1].[1-2]"),
            (&["r1n1", "r1n2", "r2n1"], "r1n[1-2],r2n1"),
            (&["x", "x1", "x1y"], "x,x1,x1y"),
            (&["n0", "n1"], "n[0-1]"),
            (&["d1234567890123456789"], "d1234567890123456789"),
        ] {
            assert_eq!(fold(names.iter().copied()), folded);
        }
    }

    proptest! {
        #[test]
        fn folding_loses_and_invents_no_name(
            names in proptest::collection::btree_set("[ab]{0,2}[0-9]{1,3}(-?[0-2]{1,2}){0,2}", 0..40),
        ) {
            let folded = fold(names.iter().map(String::as_str));
            if !names.is_empty() {
                prop_assert_eq!(expand(&folded), names);
            }
        }

        #[test]
        fn any_names_are_folded(
            names in proptest::collection::btree_set("[a-z0-9][a-z0-9._-]{0,30}", 1..20),
        ) {
            let folded = fold(names.iter().map(String::as_str));
            prop_assert_eq!(expand(&folded), names);
        }
    }
}
