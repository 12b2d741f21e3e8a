//! The secret that a request carries.

use zeroize::Zeroizing;

/// The value of `Authorization: Bearer`, not yet judged. A secret: no `Debug`, no `Display`, wiped when dropped.
pub struct BearerToken(Zeroizing<String>);

impl BearerToken {
    /// Takes the token's text as it came.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself. Stays in this crate: only the validator reads it and only the exchange sends it on.
    pub(crate) fn secret(&self) -> &str {
        &self.0
    }
}
