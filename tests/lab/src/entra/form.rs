//! The body of a token request.

use super::EntraError;

/// The fields of a form, each at most once.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `application/x-www-form-urlencoded`. A field that comes twice is refused: which one counts would be a
    /// guess.
    pub(super) fn parse(body: &[u8]) -> Result<Self, EntraError> {
        let mut fields: Vec<(String, String)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(body) {
            if fields.iter().any(|(known, _)| *known == name) {
                return Err(malformed());
            }
            fields.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(fields))
    }

    /// A field's value; an empty one counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// A field that must be there.
    pub(super) fn required(&self, name: &str) -> Result<&str, EntraError> {
        self.get(name).ok_or_else(|| EntraError::missing(name))
    }
}

/// The request as a whole makes no sense.
pub(super) fn malformed() -> EntraError {
    EntraError::invalid_request(9_002_313, "Invalid request. Request is malformed or invalid.")
}
