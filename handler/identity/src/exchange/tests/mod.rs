//! Whole exchanges with a token endpoint on loopback. That Entra behaves like the stub, only a live tenant can show.

mod failures;
mod request;
mod secrets;
mod sharing;
mod status;
