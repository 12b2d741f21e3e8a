//! A grant serves one call: it can't be copied.

use identity::{AppGrant, UserGrant};

fn copy<T: Clone>() {}

fn main() {
    copy::<UserGrant<'_>>(); //~ E0277
    copy::<AppGrant<'_>>(); //~ E0277
}
