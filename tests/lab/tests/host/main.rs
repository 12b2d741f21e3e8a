//! The host stand-in against a handler without a product.
//!
//! Proves what the end-to-end tests rely on: package layout, routing, the header contract, streaming, and the life
//! cycle of the process. Only the real host shows cold starts on Flex Consumption, the execute bit on the mounted
//! package, the glibc of the image, App Service authentication and the limits of the front end.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside test functions")]

mod app;
mod azure;
mod client;
mod forwarding;
mod life_cycle;
mod proxying;
mod refusals;
mod routing;
