//! W3C trace context, as clients put it into `params._meta`.

/// Whether `text` is a `traceparent` (W3C Trace Context, "traceparent Header Field Values"): version, trace id, parent
/// id and flags in lower-case hex.
///
/// A later version may append fields. Such a value is no error, but is not used: nothing unchecked gets into a log.
pub(super) fn is_well_formed(text: &str) -> bool {
    let mut fields = text.split('-');
    let mut hex = |length: usize| {
        fields.next().filter(|field| {
            field.len() == length && field.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
    };
    let is_id = |field: &str| field.bytes().any(|byte| byte != b'0');
    hex(2).is_some_and(|version| version != "ff")
        && hex(32).is_some_and(is_id)
        && hex(16).is_some_and(is_id)
        && hex(2).is_some()
        && fields.next().is_none()
}

#[cfg(test)]
mod tests {
    //! Proves the form against the examples of the W3C recommendation; nothing here depends on a live tenant.

    use super::is_well_formed;

    #[test]
    fn the_examples_of_the_recommendation_are_well_formed() {
        for text in [
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert!(is_well_formed(text), "{text}");
        }
    }

    #[test]
    fn everything_else_is_not() {
        for (text, why) in [
            ("", "empty"),
            ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "version ff is invalid"),
            ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", "no trace id"),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", "no parent id"),
            ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", "upper case"),
            ("00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01", "short trace id"),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", "no flags"),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-", "something follows"),
            ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what", "additions are not checked"),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n", "a line break"),
        ] {
            assert!(!is_well_formed(text), "{why}");
        }
    }
}
