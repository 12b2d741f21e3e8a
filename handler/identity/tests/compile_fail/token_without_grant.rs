//! The exchange takes a user's grant: neither a caller nor a service's grant will do.

use identity::{AppGrant, Caller, Exchange};

async fn unchecked(exchange: &Exchange, caller: &Caller) {
    let _ = exchange.token(caller, Default::default()).await; //~ E0308
}

async fn service(exchange: &Exchange, grant: &AppGrant<'_>) {
    let _ = exchange.token(grant, Default::default()).await; //~ E0308
}

fn main() {}
