//! A request holds no address.

use identity::ArmRequest;

fn main() {
    let _ = ArmRequest { path: "https://elsewhere.example".to_owned() }; //~ private fields
}
