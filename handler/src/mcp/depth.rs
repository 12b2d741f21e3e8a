//! How deep a document nests, found without recursion and before any parser sees it.

/// The deepest nesting of arrays and objects that is read.
pub(super) const LIMIT: usize = 64;

/// Whether no array or object of `json` lies deeper than [`LIMIT`].
///
/// Counts brackets outside strings. For text that is not JSON the answer means nothing, and needs to mean nothing: the
/// parser refuses it next, without recursion.
pub(super) fn is_within_limit(json: &str) -> bool {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            // outside strings JSON has none
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                if depth > LIMIT {
                    return false;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    //! Proves the limit against an independent count; nothing here depends on a live tenant.

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn nested(depth: usize) -> String {
        format!("{}{}", "[".repeat(depth), "]".repeat(depth))
    }

    #[test]
    fn sixty_four_levels_are_read_and_sixty_five_are_not() {
        assert!(is_within_limit(&nested(LIMIT)));
        assert!(!is_within_limit(&nested(LIMIT + 1)));
        assert!(!is_within_limit(&r#"{"a":["#.repeat(33)));
    }

    #[test]
    fn siblings_do_not_add_up() {
        assert!(is_within_limit(&format!("[{}]", vec!["[{}]"; 500].join(","))));
    }

    #[test]
    fn brackets_inside_strings_do_not_count() {
        let brackets = "[{".repeat(100);
        assert!(is_within_limit(&format!(r#"["{brackets}"]"#)));
        assert!(is_within_limit(&format!(r#"["\"{brackets}"]"#)), "an escaped quote does not end the string");
        assert!(!is_within_limit(&format!(r#"["\\",{}]"#, nested(LIMIT))), "an escaped backslash escapes nothing");
    }

    fn depth_of(value: &Value) -> usize {
        match value {
            Value::Array(items) => 1 + items.iter().map(depth_of).max().unwrap_or(0),
            Value::Object(members) => 1 + members.values().map(depth_of).max().unwrap_or(0),
            _ => 0,
        }
    }

    fn documents() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), r#"[\[\]{}"\\a]{0,6}"#.prop_map(Value::from)];
        let tree = leaf.prop_recursive(6, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map(r#"[\[{"\\]{0,3}"#, inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        });
        (tree, 55_usize..66).prop_map(|(tree, around)| (0..around).fold(tree, |inner, _| Value::from(vec![inner])))
    }

    proptest! {
        #[test]
        fn the_scan_agrees_with_a_recursive_count(document in documents()) {
            prop_assert_eq!(is_within_limit(&document.to_string()), depth_of(&document) <= LIMIT);
        }
    }
}
