//! Where an export goes on.
//!
//! A cursor is data, not a permission: Azure judges the caller for every page, so it needs no key. It belongs to a caller
//! and a question all the same, so that pages of two questions are not mixed up by mistake.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::{azure::PageAddress, tools::arguments::BadArgument};

/// Written into every cursor, so that another layout is not misread.
const VERSION: u8 = 1;
/// The longest cursor that is read, in characters. Azure's tokens have a few hundred.
const LONGEST: usize = 8 * 1024;

/// The next row: on which of Azure's pages, and how many rows of it were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    /// None is the first page.
    pub(super) page: Option<PageAddress>,
    pub(super) row: usize,
}

/// Whose question it is: a digest of the caller and of every choice of the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner([u8; 16]);

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    version: u8,
    page: Option<PageAddress>,
    row: usize,
    owner: String,
}

impl Owner {
    pub(super) fn of(caller: &str, question: &str) -> Self {
        let digest = digest(&SHA256, format!("{} {caller} {question}", caller.len()).as_bytes());
        let mut owner = [0; 16];
        for (byte, digest) in owner.iter_mut().zip(digest.as_ref()) {
            *byte = *digest;
        }
        Self(owner)
    }

    fn text(self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }
}

/// The text of a cursor.
pub(super) fn write(position: &Position, owner: Owner) -> String {
    let Position { page, row } = position.clone();
    let cursor = Cursor { version: VERSION, page, row, owner: owner.text() };
    // text and a number always serialise
    BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).unwrap_or_default())
}

/// The position a cursor of this owner names.
pub(super) fn read(text: &str, owner: Owner) -> Result<Position, BadArgument> {
    let bytes = (text.len() <= LONGEST).then(|| BASE64_URL_SAFE_NO_PAD.decode(text.trim()).ok()).flatten();
    let cursor: Option<Cursor> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let wrong = |sentence: &str| BadArgument {
        sentence: sentence.to_owned(),
        how: "Give `nextCursor` of the last answer with the same other arguments; without it the export begins anew."
            .to_owned(),
    };
    match cursor {
        Some(Cursor { version: VERSION, page, row, owner: named }) if named == owner.text() => {
            Ok(Position { page, row })
        }
        Some(Cursor { version: VERSION, .. }) => {
            Err(wrong("Argument `cursor` belongs to another question, another person or another day."))
        }
        _ => Err(wrong("Argument `cursor` is not one of this tool.")),
    }
}

#[cfg(test)]
mod tests {
    //! Proves that a cursor is read back only by whom and for what it was written.

    use proptest::prelude::*;

    use super::*;

    fn position() -> Position {
        Position { page: serde_json::from_str(r#""api-version=2021-10-01&$skiptoken=AQAA%3D""#).ok(), row: 7 }
    }

    #[test]
    fn it_is_read_back_by_its_owner_alone() {
        let owner = Owner::of("alice", "october");
        let cursor = write(&position(), owner);
        assert_eq!(read(&cursor, owner), Ok(position()));
        for other in [Owner::of("bob", "october"), Owner::of("alice", "november"), Owner::of("alice o", "ctober")] {
            let refused = read(&cursor, other).unwrap_err();
            assert_eq!(
                refused.sentence,
                "Argument `cursor` belongs to another question, another person or another day."
            );
        }
    }

    #[test]
    fn another_layout_is_not_misread() {
        let owner = Owner::of("alice", "october");
        let other =
            BASE64_URL_SAFE_NO_PAD.encode(format!(r#"{{"version":2,"page":null,"row":0,"owner":"{}"}}"#, owner.text()));
        assert_eq!(read(&other, owner).unwrap_err().sentence, "Argument `cursor` is not one of this tool.");
    }

    proptest! {
        #[test]
        fn no_text_is_a_cursor_by_chance(text in ".{0,60}|[A-Za-z0-9_-]{0,400}") {
            prop_assert!(read(&text, Owner::of("alice", "october")).is_err());
        }
    }
}
