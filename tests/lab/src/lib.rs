//! A local Azure on loopback, and a stand-in for the Functions host.
//!
//! The lab is never lenient: it speaks the real protocols, refuses as Azure refuses, and with the numbers and sentences Azure
//! uses. What a tenant's administrators decide (consents, roles, policies, certificates) and what goes wrong on the way
//! (throttling, outages, broken answers) is state that a test changes while it runs; every request is in a journal with the
//! identity it proved. Entra and the vault speak TLS with a certificate authority of the lab's own.
//!
//! Microsoft's libraries prove it: `.ci/judges` has them succeed and fail here. A program in another language starts
//! `examples/local_azure.rs` and orders what is to change.
//!
//! ```no_run
//! # async fn story() -> Result<(), Box<dyn std::error::Error>> {
//! let lab = lab::Lab::start().await?;
//! let token = lab.token(lab.alice()).scope("cost.read").with_mfa().issue()?;
//! lab.entra().require_mfa();
//! // start the handler with `lab.settings()` and call it with `token`
//! let asked = lab.journal().of(lab::journal::ServiceName::ResourceManager);
//! assert!(asked.iter().all(|entry| entry.is_of(&lab.alice().object_id)));
//! # Ok(())
//! # }
//! ```

mod azure;
pub mod certificate;
pub mod chaos;
mod deployment;
pub mod entra;
pub mod fault;
pub mod host;
pub mod journal;
mod jwt;
pub mod key_vault;
mod keys;
pub mod managed_identity;
pub mod mcp_client;
pub mod people;
pub mod resource_manager;
mod secrets;
mod server;
mod world;

pub use azure::{Lab, LabBuilder, LabError, Ports};
pub use deployment::{Deployment, DeploymentError};
