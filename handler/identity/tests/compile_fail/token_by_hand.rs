//! A token for Azure comes from the exchange only, and nobody outside reads it.

use identity::exchange::ArmToken;

fn forge(text: String) {
    let _ = ArmToken(text); //~ E0423
}

fn read(token: &ArmToken) {
    let _ = token.secret(); //~ E0624
}

fn main() {}
