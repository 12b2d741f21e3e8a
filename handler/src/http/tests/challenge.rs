//! Whatever a challenge is about, it is read as it was meant.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::prelude::*;

use super::{claims, face, parameters};
use crate::http::challenge;

#[test]
fn claims_are_standard_base64_with_padding() {
    let header = challenge::insufficient_claims(&face(), &claims());
    let parameters = parameters(&header);
    let claims_parameter = &parameters.iter().find(|(name, _)| name == "claims").unwrap().1;
    assert_eq!(STANDARD.decode(claims_parameter).unwrap(), claims().json().as_bytes());
}

proptest! {
    #[test]
    fn no_description_can_break_out_of_its_quotes(description in "\\PC{0,80}") {
        let header = challenge::invalid_token(&face(), &description);
        let parameters = parameters(&header);
        let names: Vec<_> = parameters.iter().map(|(name, _)| name.as_str()).collect();
        prop_assert_eq!(names, ["resource_metadata", "scope", "error", "error_description"]);
    }
}
