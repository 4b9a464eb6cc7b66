//! Node sets: what they mean by example, what is said of bad ones, and random texts against a
//! naive reading of them.

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;
    use station_core::model::{HostKeys, Micros, Node, NodeKind, NodeSet, Principal};

    type Nodes = BTreeMap<String, (Node, ())>;

    fn nodes<'a>(with: impl IntoIterator<Item = (&'a str, &'a [&'a str])>) -> Nodes {
        let node = |(name, groups): (&str, &[&str])| {
            let node = Node {
                name: name.into(),
                address: name.into(),
                user: None,
                port: None,
                kind: NodeKind::Ssh,
                relay: None,
                groups: groups.iter().map(|&group| group.into()).collect(),
                guard: true,
                host_keys: HostKeys::Config,
                limit: None,
                created_at: Micros(0),
                created_by: Principal::Anonymous,
            };
            (name.to_owned(), (node, ()))
        };
        with.into_iter().map(node).collect()
    }

    fn lab() -> Nodes {
        nodes([
            ("nas", &[] as &[&str]),
            ("rack1", &["lab", "row1"]),
            ("rack2", &["lab", "row1"]),
            ("rack10", &["lab", "row2"]),
            ("psu", &["row2"]),
        ])
    }

    #[track_caller]
    fn means(text: &str, want: &str) {
        let set = NodeSet::parse(text).unwrap();
        assert_eq!(set.expand(&lab()).unwrap().join(" "), want, "{text}");
    }

    #[track_caller]
    fn writes_out(text: &str, want: &str) {
        let set = NodeSet::parse(text).unwrap();
        assert_eq!(set.literal().unwrap().join(" "), want, "{text}");
    }

    #[track_caller]
    fn is_wrong(text: &str, want: &str) {
        assert_eq!(NodeSet::parse(text).unwrap_err().to_string(), want);
    }

    #[test]
    fn operators_go_from_left_to_right() {
        means("nas,rack1", "nas rack1");
        means("@lab!rack2", "rack1 rack10");
        means("@lab&@row2", "rack10");
        means("@lab^@row2", "psu rack1 rack2");
        means("@*", "nas psu rack1 rack2 rack10");
        means("@*!@lab,rack2", "nas psu rack2");
        means("@row[1-2]!@lab", "psu");
        means("  rack[1 , 2] ,  nas ", "nas rack1 rack2");
        means("rack1,rack1,rack[1-2]", "rack1 rack2");
    }

    #[test]
    fn ranges_are_written_out_in_natural_order() {
        writes_out("rack[1-3]", "rack1 rack2 rack3");
        writes_out("rack[8-11]", "rack8 rack9 rack10 rack11");
        writes_out("n[01-03]", "n01 n02 n03");
        writes_out("n[099-101]", "n099 n100 n101");
        writes_out("n[0-10/5]", "n0 n5 n10");
        writes_out("n[1-8/3]", "n1 n4 n7");
        writes_out("n[1,3,5-7]", "n1 n3 n5 n6 n7");
        writes_out("r[1-2]n[1-2].lan", "r1n1.lan r1n2.lan r2n1.lan r2n2.lan");
        writes_out("n[1-6]!n[2-3]", "n1 n4 n5 n6");
        writes_out("[1-2]a", "1a 2a");
        assert_eq!(NodeSet::parse("n1,@lab").unwrap().literal(), None);
    }

    #[test]
    fn blanks_are_not_kept() {
        assert_eq!(NodeSet::parse(" @lab ! rack[ 1, 2 ] ").unwrap().text(), "@lab!rack[1,2]");
        assert_eq!(NodeSet::parse("n[7-7/2,003]").unwrap().text(), "n[7,003]");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let empty =
            "a set of nodes is empty; write names, as in rack[1-16], or a group, as in @lab";
        is_wrong("", empty);
        is_wrong("  ", empty);
        for (text, what, place) in [
            ("n[5-1]", "the range 5-1 runs backwards; write 1-5", 3),
            ("a,n[1-2", "its '[' is not closed by ']'", 4),
            ("n[", "its '[' is not closed by ']'", 2),
            ("n[]", "a number is missing, as in [1-16] or [1,3,5-7]", 3),
            ("n[1-]", "a number is missing, as in [1-16] or [1,3,5-7]", 5),
            ("n[1;2]", "',' or ']' is to follow a number", 4),
            ("n[1-9/0]", "a step is 1 or more", 7),
            ("n[8-010]", "8 and 010 have leading zeros, but not the same number of digits", 3),
            ("n[1234567890123456789]", "a number has more than 18 digits", 3),
            ("a,,b", "a node's name is missing", 3),
            ("a,", "a node's name is missing", 3),
            ("!a", "a node's name is missing", 1),
            ("@", "a group's name, or '*' for all nodes, is missing", 2),
            ("a b", "',', '!', '&' or '^' is to stand between two names", 3),
            ("ä,b", "a node's name is missing", 1),
            ("b,ä", "a node's name is missing", 3),
            ("n]", "',', '!', '&' or '^' is to stand between two names", 2),
            ("rack*", "'*' stands after '@' alone, where it means all nodes", 5),
            ("a,-b", "a name begins with a letter or a digit", 3),
            ("a,local", "'local' is this machine, which is no node and is named alone", 3),
            ("n[1-100001]", "it writes out more than 100000 names", 1),
            ("a,n[1-1000]x[1-100]", "it writes out more than 100000 names", 3),
        ] {
            let want = format!("'{text}' is no set of nodes: {what}, at position {place}");
            is_wrong(text, &want);
        }
        let long = "x".repeat(129);
        let error = NodeSet::parse(&long).unwrap_err().to_string();
        assert!(error.contains("a name has more than 128 letters"), "{error}");
    }

    #[test]
    fn what_is_not_there_is_named_also_where_it_is_taken_away() {
        for (text, want) in [
            ("rakc1", "node 'rakc1' is not registered; did you mean 'rack1'?"),
            ("@lab!rack3", "node 'rack3' is not registered; did you mean 'rack1'?"),
            ("oscilloscope", "node 'oscilloscope' is not registered"),
            ("@lba", "no node is in group '@lba'; did you mean '@lab'?"),
            ("@bench", "no node is in group '@bench'"),
            ("rack1&rack2", "'rack1&rack2' names no node"),
        ] {
            let error = NodeSet::parse(text).unwrap().expand(&lab()).unwrap_err();
            assert_eq!(error.to_string(), want, "{text}");
        }
        let error = NodeSet::parse("@*").unwrap().expand(&Nodes::new()).unwrap_err();
        assert_eq!(error.to_string(), "'@*' names no node: none is registered");
    }

    #[test]
    fn what_is_stored_is_the_text() {
        let set = NodeSet::parse("@lab!rack3").unwrap();
        let json = serde_json::to_string(&set).unwrap();
        assert_eq!(json, "\"@lab!rack3\"");
        assert_eq!(serde_json::from_str::<NodeSet>(&json).unwrap(), set);
        // A text that was stored by something else is an error when it is used, not before.
        let bad: NodeSet = serde_json::from_str("\"a,,b\"").unwrap();
        assert!(bad.expand(&lab()).is_err() && bad.literal().is_none());
    }

    // --- random ones

    /// A term as a tree: what it is written as, and the names it stands for.
    #[derive(Clone, Debug)]
    struct Written {
        text: String,
        names: BTreeSet<String>,
    }

    /// Numbers from one to another in steps, as a person would write them out.
    fn range() -> impl Strategy<Value = (String, Vec<String>)> {
        (0_u32..30, 0_u32..12, 1_u32..4, 0_usize..4).prop_map(|(first, more, step, zeros)| {
            let pad = |n: u32| if zeros > 1 { format!("{n:0zeros$}") } else { n.to_string() };
            // Zeros in front count only where there are any.
            let padded = pad(first) != first.to_string();
            let number = |n: u32| if padded { pad(n) } else { n.to_string() };
            let (mut all, mut n) = (Vec::new(), first);
            while n <= first + more {
                all.push(number(n));
                n += step;
            }
            let text = match (more, step) {
                (0, _) => number(first),
                (_, 1) => format!("{}-{}", number(first), number(first + more)),
                (_, step) => format!("{}-{}/{step}", number(first), number(first + more)),
            };
            (text, all)
        })
    }

    fn term() -> impl Strategy<Value = Written> {
        let piece = prop::collection::vec(range(), 0..3);
        prop::collection::vec(("[a-c]", piece), 1..3).prop_map(|pieces| {
            let (mut text, mut names) = (String::new(), vec![String::new()]);
            for (letter, ranges) in pieces {
                text.push_str(&letter);
                names.iter_mut().for_each(|name| name.push_str(&letter));
                if ranges.is_empty() {
                    continue;
                }
                let parts: Vec<_> = ranges.iter().map(|(text, _)| text.as_str()).collect();
                text.push_str(&format!("[{}]", parts.join(",")));
                let mut longer = Vec::new();
                for name in &names {
                    for number in ranges.iter().flat_map(|(_, numbers)| numbers) {
                        longer.push(format!("{name}{number}"));
                    }
                }
                names = longer;
            }
            Written { text, names: names.into_iter().collect() }
        })
    }

    fn set() -> impl Strategy<Value = Written> {
        let op = prop::sample::select(vec![",", "!", "&", "^"]);
        (term(), prop::collection::vec((op, term()), 0..4)).prop_map(|(first, rest)| {
            let (mut text, mut names) = (first.text, first.names);
            for (op, term) in rest {
                text.push_str(op);
                text.push_str(&term.text);
                let both: BTreeSet<_> = names.union(&term.names).cloned().collect();
                let kept = |name: &String| match op {
                    "," => true,
                    "!" => names.contains(name) && !term.names.contains(name),
                    "&" => names.contains(name) && term.names.contains(name),
                    _ => names.contains(name) != term.names.contains(name),
                };
                names = both.iter().filter(|name| kept(name)).cloned().collect();
            }
            Written { text, names }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

        #[test]
        fn a_set_stands_for_what_a_naive_reading_gives(set in set()) {
            let parsed = NodeSet::parse(&set.text).unwrap();
            prop_assert_eq!(parsed.text(), &set.text);
            let literal = parsed.literal().unwrap();
            let names: BTreeSet<_> = literal.iter().cloned().collect();
            prop_assert_eq!(names.len(), literal.len());
            prop_assert_eq!(&names, &set.names);
            // With all that it writes out registered, the registry says the same.
            let all = NodeSet::parse(&set.text.replace(['!', '&', '^'], ",")).unwrap();
            let known: Vec<_> = all.literal().unwrap();
            let registry = nodes(known.iter().map(|name| (name.as_str(), &[] as &[&str])));
            match parsed.expand(&registry) {
                Ok(found) => prop_assert_eq!(found, literal),
                Err(_) => prop_assert!(literal.is_empty()),
            }
        }

        #[test]
        fn no_text_makes_it_panic_and_what_it_prints_it_reads(
            text in "[ab01,!&^@*\\[\\]/ .\\-é9]{0,24}"
        ) {
            match NodeSet::parse(&text) {
                Ok(set) => {
                    let again = NodeSet::parse(set.text()).unwrap();
                    prop_assert_eq!(&again, &set);
                    prop_assert_eq!(again.literal(), set.literal());
                    let names = set.literal().unwrap_or_default();
                    prop_assert!(names.iter().all(|name| Node::is_name(name)), "{:?}", names);
                    drop(set.expand(&lab()));
                }
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }
}
