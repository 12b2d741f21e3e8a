//! Text that others wrote.
//!
//! Services of the Marketplace, resource groups, tags and Azure's messages hold text chosen by people this server knows
//! nothing about. It may try to look like markup, like a formula, or like an instruction, or to hide what it says. A
//! [`Name`] is such text made harmless to show; it stays data, and nothing here interprets it.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use super::grouping::LONGEST_VALUE;

/// The longest name shown, in characters.
const LONGEST: usize = 120;
/// The longest id of a resource shown, in characters: what tells two resources apart is at its end.
const LONGEST_RESOURCE_ID: usize = 400;
/// The longest message of Azure shown, in characters: it may list the values that would have been valid.
const LONGEST_MESSAGE: usize = 400;

/// Cleaned text of others: one line of visible characters, of a limited length.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    /// Cleans `text`: no control characters, no line breaks, nothing invisible, at most 120 characters.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(clean(text, LONGEST))
    }

    /// Cleans the id of a resource, which is longer than a name.
    #[must_use]
    pub fn resource_id(text: &str) -> Self {
        Self(clean(text, LONGEST_RESOURCE_ID))
    }

    /// Cleans a message of Azure. GUIDs are masked: they are object ids of people more often than they help.
    #[must_use]
    pub fn message(text: &str) -> Self {
        Self(clean(&without_guids(text), LONGEST_MESSAGE))
    }

    /// Cleans `text` as [`Name::new`] does and masks addresses of e-mail: whom Azure writes to is nobody else's
    /// business.
    #[must_use]
    pub fn without_addresses(text: &str) -> Self {
        Self::new(&masked(text))
    }

    /// Cleans a value of a dimension. A filter takes it as it is, so that it is cut only where no filter takes it whole.
    #[must_use]
    pub fn value(text: &str) -> Self {
        Self(clean(text, LONGEST_VALUE))
    }

    /// The cleaned text, for JSON and for plain sentences.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing visible is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// For a cell of a Markdown table: no markup, no link, no image, no HTML, no formula, no end of the cell.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut escaped = String::with_capacity(self.0.len());
        for character in self.0.chars() {
            // a colon makes a link of an address; so does the dot after "www"
            let links = character == '.' && escaped.to_ascii_lowercase().ends_with("www");
            if links || is_markup(character) {
                escaped.push('\\');
            }
            escaped.push(character);
        }
        escaped
    }

    /// For a cell of a CSV file: a spreadsheet takes it for text, not for a formula.
    ///
    /// A leading apostrophe is what spreadsheets themselves use for that:
    /// <https://owasp.org/www-community/attacks/CSV_Injection>. Quoting is the CSV writer's.
    #[must_use]
    pub fn csv(&self) -> Cow<'_, str> {
        defuse(&self.0)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl JsonSchema for Name {
    fn schema_name() -> Cow<'static, str> {
        "Name".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// A search in a text of them would be most of the work.
fn is_markup(character: char) -> bool {
    matches!(
        character,
        '\\' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '<' | '>' | '!' | '#' | '|' | '~' | '&' | ':' | '$'
    )
}

fn clean(text: &str, longest: usize) -> String {
    // nearly every name: nothing to take away
    if text.len() <= longest && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        return text.trim().to_owned();
    }
    let line: String = text.chars().filter_map(visible).collect();
    let mut cleaned: String = line.trim().chars().take(longest + 1).collect();
    if cleaned.chars().count() > longest {
        cleaned = cleaned.chars().take(longest - 1).collect();
        cleaned.push('…');
    }
    cleaned
}

/// The character, a space for what separates lines, or nothing for what can't be seen.
fn visible(character: char) -> Option<char> {
    match character {
        '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(' '),
        hidden if hidden.is_control() || is_invisible(hidden) => None,
        shown => Some(shown),
    }
}

/// What takes no room, turns the direction of text, or can carry text that nobody sees.
fn is_invisible(character: char) -> bool {
    match character {
        // soft hyphen, combining grapheme joiner, Arabic letter mark, Hangul fillers, Mongolian selectors
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{180b}'..='\u{180f}'
        // zero-width characters and marks of direction
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        // variation selectors, interlinear annotations, tags
        | '\u{fe00}'..='\u{fe0f}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}' => true,
        _ => false,
    }
}

fn defuse(text: &str) -> Cow<'_, str> {
    const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];
    if text.starts_with(FORMULA) || text.trim_start().starts_with(FORMULA) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text with `(address)` for each word with an at sign in it.
fn masked(text: &str) -> String {
    let ends_word = |character: char| character.is_whitespace() || "'\"`,;:<>()[]{}|=/".contains(character);
    let mut masked = String::with_capacity(text.len());
    for word in text.split_inclusive(ends_word) {
        if word.contains(['@', '＠']) {
            masked.push_str("(address)");
            masked.extend(word.chars().next_back().filter(|&last| ends_word(last)));
        } else {
            masked.push_str(word);
        }
    }
    masked
}

fn without_guids(text: &str) -> String {
    const LENGTH: usize = 36;
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = match rest.get(..LENGTH) {
            Some(head) if head.parse::<uuid::fmt::Hyphenated>().is_ok() => {
                masked.push_str("(id)");
                LENGTH
            }
            _ => {
                masked.push(first);
                first.len_utf8()
            }
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    masked
}

#[cfg(test)]
mod tests {
    //! Proves that text of others can't leave its cell, its line or its meaning as data. How a given client renders
    //! Markdown, or a given spreadsheet reads CSV, only that program shows.

    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_can_not_be_seen_is_dropped_and_lines_become_one() {
        for (raw, cleaned) in [
            ("Virtual Machines", "Virtual Machines"),
            ("  padded  ", "padded"),
            ("two\r\nlines\tand a tab", "two  lines and a tab"),
            ("bell\u{7} escape\u{1b}[31m del\u{7f} next\u{85}line", "bell escape[31m del next line"),
            ("zero\u{200b}width\u{feff}join\u{200d}er", "zerowidthjoiner"),
            ("bidi \u{202e}txt.exe\u{2066}\u{2069}", "bidi txt.exe"),
            ("tags\u{e0049}\u{e0067}\u{e007f}", "tags"),
            ("selectors\u{fe0f}\u{e0101}", "selectors"),
            ("Überwachung 監視 خدمة", "Überwachung 監視 خدمة"),
            ("\u{200b}\n", ""),
        ] {
            assert_eq!(Name::new(raw).as_str(), cleaned, "{raw:?}");
        }
    }

    #[test]
    fn length_is_counted_in_characters_and_a_cut_is_visible() {
        assert_eq!(Name::new(&"ü".repeat(120)).as_str().chars().count(), 120);
        let cut = Name::new(&"ü".repeat(121));
        assert_eq!(cut.as_str().chars().count(), 120);
        assert!(cut.as_str().ends_with("ü…"));
    }

    #[test]
    fn markup_is_escaped() {
        let escaped = |text| Name::new(text).markdown();
        assert_snapshot!(escaped("Azure App Service"), @"Azure App Service");
        assert_snapshot!(escaped("a|b"), @r"a\|b");
        assert_snapshot!(escaped(r"a\|b"), @r"a\\\|b");
        assert_snapshot!(escaped("![x](https://evil.example/?q=1)"), @r"\!\[x\]\(https\://evil.example/?q=1\)");
        assert_snapshot!(escaped("<img src=x onerror=alert(1)>"), @r"\<img src=x onerror=alert\(1\)\>");
        assert_snapshot!(escaped(r"$\href{x}{y}$"), @r"\$\\href{x}{y}\$");
        assert_snapshot!(escaped("WWW.evil.example bob@evil.example"), @r"WWW\.evil.example bob@evil.example");
        assert_snapshot!(escaped("**Total** `code` # ~~x~~ &#124; __y__"), @r"\*\*Total\*\* \`code\` \# \~\~x\~\~ \&\#124; \_\_y\_\_");
    }

    #[test]
    fn a_formula_is_defused() {
        for text in
            ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "   +1", "\u{a0}=1", "＝1", "＋1", "－1", "＠1"]
        {
            assert_eq!(defuse(text), format!("'{text}"), "{text:?}");
        }
        for text in ["Storage", "A=1", "'=1", "", "1-1"] {
            assert_eq!(defuse(text), text, "{text:?}");
        }
    }

    #[test]
    fn addresses_are_masked() {
        let masked = |text| Name::without_addresses(text).to_string();
        assert_snapshot!(masked("Storage of the shop"), @"Storage of the shop");
        assert_snapshot!(masked("owner=<alice@contoso.example>, bob@contoso.example"), @"owner=<(address)>, (address)");
        assert_snapshot!(masked("mailto:al\u{200b}ice\u{200b}@contoso.example"), @"mailto:(address)");
        assert_snapshot!(masked("alice＠contoso.example/x"), @"(address)/x");
    }

    #[test]
    fn guids_in_messages_are_masked() {
        let message = "The client 'x' with object id '5f6d64b7-4c7f-4d0e-8b43-0c1c6a3c7f11' (é) asked.";
        assert_snapshot!(Name::message(message), @"The client 'x' with object id '(id)' (é) asked.");
    }

    proptest! {
        #[test]
        fn a_cleaned_name_is_one_visible_line(raw in "\\PC{0,40}|.{0,200}|[\\x00-\\x20\u{200b}-\u{206f}\u{e0000}-\u{e007f}a]{0,60}") {
            let name = Name::new(&raw);
            prop_assert!(name.as_str().chars().all(|character| visible(character) == Some(character)));
            prop_assert!(name.as_str().chars().count() <= LONGEST);
            prop_assert_eq!(Name::new(name.as_str()), name.clone());
        }

        #[test]
        fn no_at_sign_is_left_where_addresses_are_masked(raw in "([a@＠é \n<>,=]|\\PC){0,40}") {
            let name = Name::without_addresses(&raw);
            prop_assert!(!name.as_str().contains(['@', '＠']), "{name}");
        }

        #[test]
        fn no_bar_ends_a_cell_early(raw in "[a\\\\|]{0,20}") {
            let escaped = Name::new(&raw).markdown();
            let mut characters = escaped.chars();
            while let Some(character) = characters.next() {
                prop_assert_ne!(character, '|');
                if character == '\\' {
                    characters.next();
                }
            }
        }

        #[test]
        fn masking_never_panics_and_leaves_no_guid(raw in "([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|é|x| ){0,6}") {
            let masked = without_guids(&raw);
            prop_assert!(!masked.contains('-'), "{masked}");
        }
    }
}
