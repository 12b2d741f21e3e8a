//! What the lab takes from the world: time and randomness, each in one place.

use std::sync::{Mutex, MutexGuard, PoisonError};

use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};
use uuid::Uuid;

/// The time, in UTC.
pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// The time in seconds since 1970-01-01T00:00:00Z.
pub(crate) fn unix_now() -> i64 {
    now().unix_timestamp()
}

/// A new GUID, nobody can guess it.
#[expect(clippy::disallowed_methods, reason = "the one place of the lab that makes random values")]
pub(crate) fn guid() -> Uuid {
    Uuid::new_v4()
}

/// As Entra writes a moment: `2025-03-07 21:25:44Z`.
pub(crate) fn stamp(moment: OffsetDateTime) -> String {
    written(moment, format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z"))
}

/// As HTTP writes a moment (RFC 9110, section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(crate) fn http_date(moment: OffsetDateTime) -> String {
    let format =
        format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    written(moment, format)
}

fn written(moment: OffsetDateTime, format: &[BorrowedFormatItem<'_>]) -> String {
    moment.format(format).unwrap_or_default()
}

/// Locks `mutex`; a test that panicked while holding it has failed already, so its poison is no news.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A client for talking to the lab: trusts its authority beside nobody else, follows no redirect, uses no proxy.
#[expect(clippy::disallowed_methods, reason = "the lab's client trusts the lab's authority, not the system's roots")]
pub(crate) fn client(authority_der: &[u8]) -> reqwest::Result<reqwest::Client> {
    // a second installation is refused and changes nothing
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_der(authority_der)?])
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
}
