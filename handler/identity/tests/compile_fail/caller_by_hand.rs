//! A caller comes from the token validator only.

fn main() {
    let _ = identity::Caller {}; //~ private fields
}
