//! A key endpoint that answers what the fuzzer says, without a network.

use tokio::sync::watch;

use super::{KeySet, Need, Progress, SigningKeys};

impl SigningKeys {
    /// Takes `document` for what the key endpoint has just answered, to a caller with an unknown key: until the clock
    /// moves, nothing is asked again. Whether it was a key set.
    pub(crate) fn published(&self, document: &[u8]) -> bool {
        let Ok(set) = KeySet::parse(document, &self.authority) else { return false };
        self.replace(set);
        let (_, progress) = watch::channel(Progress::Succeeded);
        self.flight().start(Need::UnknownKey, self.clock.now(), progress);
        true
    }
}
