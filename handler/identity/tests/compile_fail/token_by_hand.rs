//! A token for Azure comes from the exchange only, and nobody outside reads it.

use identity::exchange::ArmToken;

fn forge(text: String) {
    let _ = ArmToken(text);
}

fn read(token: &ArmToken) {
    let _ = token.secret();
}

fn main() {}
