//! The exchange takes a user's grant: neither a caller nor a service's grant will do.

use identity::{AppGrant, Caller, Exchange};

async fn unchecked(exchange: &Exchange, caller: &Caller) {
    let _ = exchange.token(caller, uuid::Uuid::nil()).await;
}

async fn service(exchange: &Exchange, grant: &AppGrant<'_>) {
    let _ = exchange.token(grant, uuid::Uuid::nil()).await;
}

fn main() {}
