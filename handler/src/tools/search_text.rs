//! Text that names are searched for.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::azure::Name;

/// The longest text, in characters.
const LONGEST: usize = 100;

/// At most 100 characters, none of them control characters. The empty text is in every name: models send it for what
/// they leave out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct SearchText(String);

impl SearchText {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Without regard to case. It is plain text: no character stands for others.
    pub(super) fn is_in(&self, name: &Name) -> bool {
        name.as_str().to_lowercase().contains(&self.0.to_lowercase())
    }

    /// In a sentence.
    pub(super) fn markdown(&self) -> String {
        format!("\"{}\"", Name::new(&self.0).markdown())
    }
}

impl TryFrom<String> for SearchText {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let text = text.trim();
        let is_searchable = text.chars().count() <= LONGEST && !text.contains(char::is_control);
        is_searchable.then(|| Self(text.to_owned())).ok_or("too long, or not plain text")
    }
}

impl JsonSchema for SearchText {
    fn schema_name() -> Cow<'static, str> {
        "SearchText".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "maxLength": LONGEST, "examples": ["prod"] })
    }
}

#[cfg(test)]
mod tests {
    //! Proves what is found.

    use super::*;

    fn text(text: &str) -> Result<SearchText, &'static str> {
        text.to_owned().try_into()
    }

    #[test]
    fn text_is_found_in_any_case_and_means_itself() {
        for (sought, name, found) in [
            ("prod", "shop-PROD", true),
            (" Shop ", "shop-prod", true),
            ("ÜBER", "Überwachung", true),
            ("", "shop-prod", true),
            ("", "", true),
            ("dev", "shop-prod", false),
            (".*", "shop-prod", false),
            ("%", "shop-prod", false),
            ("prod", "", false),
        ] {
            assert_eq!(text(sought).unwrap().is_in(&Name::new(name)), found, "{sought:?} in {name:?}");
        }
    }

    #[test]
    fn what_can_be_in_no_name_is_refused() {
        assert!(text(&"ü".repeat(100)).is_ok());
        for sought in ["a\nb", "a\u{0}b", &"a".repeat(101)] {
            assert!(text(sought).is_err(), "{sought:?}");
        }
    }

    #[test]
    fn it_is_repeated_as_text() {
        assert_eq!(text("**x** [a](b)").unwrap().markdown(), r#""\*\*x\*\* \[a\]\(b\)""#);
    }
}
