//! Does Entra take this server's credential? A question for a diagnosis; no call of a tool leads here.

use uuid::Uuid;

use super::{EntraDetails, Exchange, ExchangeFailure};

impl Exchange {
    /// Asks Entra for a token as this server itself (client credentials), for the resource of the exchange, and drops it
    /// unread: it has no role anywhere, and this crate has no way to use it. Nothing is cached, and no gate is shut.
    ///
    /// Entra judges the client before anything else, so a refusal tells what is wrong with credential or registration.
    ///
    /// Source: "Microsoft identity platform and the OAuth 2.0 client credentials flow", with a certificate.
    pub async fn probe_credential(&self, correlation_id: Uuid) -> Result<(), ExchangeFailure> {
        let client_assertion = self.credential.assertion().await.map_err(|error| ExchangeFailure::Operator {
            details: EntraDetails::default(),
            advice: error.to_string(),
        })?;
        let fields = [("grant_type", "client_credentials")];
        let reply = self.endpoint.ask(&fields, &client_assertion, correlation_id).await;
        reply.result.map(drop).map_err(|failure| failure.or_correlation_id(correlation_id))
    }
}
