//! The `Authorization` of a request: one bearer token, or an answer that repeats nothing of what was sent.
//!
//! The input is a request of HTTP without a body.

use std::sync::LazyLock;

use handler::{fuzzing, http::Face};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::BodyExt;

use super::{message::Message, ready::ready, settings};

/// The most bytes of `Authorization`.
const LONGEST: usize = 16 * 1024;

static FACE: LazyLock<Face> = LazyLock::new(|| Face::of(&settings::read(settings::COMPLETE).unwrap()));

/// Whether there is a token to judge.
pub fn judge(input: &[u8]) -> bool {
    let Some(Message { headers, .. }) = Message::read(input) else { return false };
    let sent: Vec<_> = headers.get_all(header::AUTHORIZATION).iter().collect();
    match fuzzing::authorization(&headers, &FACE) {
        Ok(_) => {
            let [only] = sent.as_slice() else { panic!("one of {sent:?} was chosen") };
            let (scheme, token) = only.to_str().unwrap().split_at(7);
            assert!(scheme.eq_ignore_ascii_case("bearer ") && only.len() <= LONGEST);
            assert!(!token.contains(','), "of {token:?} one was chosen");
            true
        }
        Err(answer) => {
            let status = answer.status();
            let is_challenged = answer.headers().contains_key(header::WWW_AUTHENTICATE);
            assert_eq!(is_challenged, status == StatusCode::UNAUTHORIZED);
            assert_eq!(body(answer), body(reference(status)), "{status} says something of what was sent");
            false
        }
    }
}

/// What everybody is told who is refused like that.
fn reference(status: StatusCode) -> axum::response::Response {
    let values = match status {
        StatusCode::UNAUTHORIZED => vec![],
        StatusCode::BAD_REQUEST => vec![HeaderValue::from_static("Bearer a"); 2],
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => vec![HeaderValue::from_str(&"a".repeat(LONGEST + 1)).unwrap()],
        status => panic!("{status} is not in the contract"),
    };
    let headers = values.into_iter().map(|value| (header::AUTHORIZATION, value)).collect::<HeaderMap>();
    fuzzing::authorization(&headers, &FACE).err().unwrap()
}

fn body(answer: axum::response::Response) -> Vec<u8> {
    ready(answer.into_body().collect()).unwrap().to_bytes().to_vec()
}
