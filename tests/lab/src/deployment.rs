//! The product as it is deployed, on the local Azure: packaged, started by the host, reached through it.

use std::path::Path;

use crate::{
    Lab, LabError,
    host::{Host, HostError, HostOptions},
    mcp_client::McpClient,
};

/// A local Azure, a host, and the handler behind it. Dropping it ends all three.
pub struct Deployment {
    /// The local Azure.
    pub lab: Lab,
    /// The host with its handler.
    pub host: Host,
    /// Ready to call the endpoint.
    pub client: McpClient,
    /// The staged package; the host reads it while it runs.
    _package: tempfile::TempDir,
}

/// Why there is no deployment.
#[derive(Debug, thiserror::Error)]
pub enum DeploymentError {
    /// The local Azure did not start.
    #[error(transparent)]
    Lab(#[from] LabError),
    /// The package could not be staged.
    #[error(transparent)]
    Stage(#[from] xtask::StageError),
    /// The host or the handler did not start.
    #[error(transparent)]
    Host(#[from] HostError),
    /// No folder for the package, or no client.
    #[error("the package's folder could not be made: {0}")]
    Folder(#[from] std::io::Error),
}

impl Deployment {
    /// Starts everything with the settings of the lab.
    pub async fn start(handler: &Path) -> Result<Self, DeploymentError> {
        Self::of(Lab::start().await?, handler, &[], None).await
    }

    /// Starts the handler on a `lab` that is there, with `settings` beside and above the lab's own. An empty value unsets.
    pub async fn of(
        lab: Lab,
        handler: &Path,
        settings: &[(&str, &str)],
        port: Option<u16>,
    ) -> Result<Self, DeploymentError> {
        Self::hosted(lab, handler, settings, |options| HostOptions { port, ..options }).await
    }

    /// The same with a host that `change` makes another.
    pub async fn hosted(
        lab: Lab,
        handler: &Path,
        settings: &[(&str, &str)],
        change: impl FnOnce(HostOptions) -> HostOptions,
    ) -> Result<Self, DeploymentError> {
        let package = tempfile::tempdir()?;
        let staged = xtask::stage(xtask::repository_root(), handler, &package.path().join("package"))?;
        let mut options = HostOptions::clean(staged.root());
        options.environment.extend(lab.settings());
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        options.environment.extend(settings);
        let host = Host::start(change(options)).await?;
        let client = McpClient::new(lab.client().clone(), format!("{}/mcp", host.url()));
        Ok(Self { lab, host, client, _package: package })
    }
}
