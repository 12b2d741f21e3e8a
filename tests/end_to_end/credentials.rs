//! One table of tests over every kind of credential, and the rotation of a certificate under a running server. What Key
//! Vault and Entra do on the day of a rotation, only a live tenant can show.

use std::collections::BTreeMap;

use http::StatusCode;
use lab::{
    Deployment, Lab,
    fault::{Fault, RetryAfter},
    journal::ServiceName,
    people::{SYSTEM_IDENTITY_CLIENT_ID, USER_ASSIGNED_IDENTITY_CLIENT_ID},
};
use serde_json::{Value, json};

use crate::support::{cost_by_service, events, handler, is_status, reads};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Exportable,
    NonExportable,
    Federated,
    File,
}

const KINDS: [Kind; 4] = [Kind::Exportable, Kind::NonExportable, Kind::Federated, Kind::File];

const NO_VAULT: [(&str, &str); 2] = [("KEY_VAULT_URL", ""), ("OBO_CERTIFICATE_NAME", "")];

impl Kind {
    async fn deployed(self) -> Deployment {
        self.deployed_by(USER_ASSIGNED_IDENTITY_CLIENT_ID).await
    }

    /// `identity` is the one that a federated credential names.
    async fn deployed_by(self, identity: &str) -> Deployment {
        self.deployed_with(identity, &[]).await
    }

    async fn deployed_with(self, identity: &str, beside: &[(&str, &str)]) -> Deployment {
        let lab = Lab::start().await.unwrap();
        let file = lab.pem_certificate().display().to_string();
        let mut settings = vec![("RUST_LOG", "trace")];
        settings.extend_from_slice(beside);
        if matches!(self, Self::Federated | Self::File) {
            settings.extend(NO_VAULT);
        }
        match self {
            Self::Exportable => {}
            Self::NonExportable => lab.key_vault().set_exportable(false),
            Self::Federated => settings.push(("OBO_FEDERATED_IDENTITY_CLIENT_ID", identity)),
            Self::File => settings.push(("AZURE_CERT_PATH", &file)),
        }
        Deployment::of(lab, handler(), &settings, None).await.unwrap()
    }

    /// A credential of this kind that starts and that Entra does not know.
    async fn deployed_unknown_to_entra(self) -> Deployment {
        let deployment = self.deployed_by(SYSTEM_IDENTITY_CLIENT_ID).await;
        deployment.lab.entra().unregister(&deployment.lab.key_vault().certificate().unwrap());
        deployment
    }
}

async fn alice_reads(deployment: &Deployment, why: &str) {
    let answer = cost_by_service(deployment, &reads(deployment, deployment.lab.alice())).await;
    assert_eq!(answer.status, StatusCode::OK, "{why}: {}", answer.body);
    assert!(!answer.is_tool_error(), "{why}: {}", answer.body);
}

/// With the loudest log there is, the SDK's included.
#[track_caller]
fn no_secret_is_logged(deployment: &Deployment) {
    let secrets = deployment.lab.secrets();
    assert!(secrets.len() > 3, "the lab must have seen secrets for this to prove anything: {}", secrets.len());
    for line in deployment.host.console().lines() {
        let logged = secrets.iter().any(|secret| line.text.contains(secret.as_str())) || line.text.contains("eyJ");
        assert!(!logged, "a secret was logged: {}", line.text);
    }
}

/// The paths at the vault that were asked, without the version.
fn vault_paths(deployment: &Deployment) -> Vec<String> {
    let entries = deployment.lab.journal().of(ServiceName::KeyVault);
    entries.iter().map(|entry| entry.path.split('/').nth(1).unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn every_kind_starts_lets_alice_read_and_azure_refuse_bob() {
    for kind in KINDS {
        let deployment = kind.deployed().await;
        alice_reads(&deployment, &format!("{kind:?}")).await;
        let bob = cost_by_service(&deployment, &reads(&deployment, deployment.lab.bob())).await;
        is_status(&bob, StatusCode::OK);
        assert!(bob.is_tool_error(), "{kind:?}: {}", bob.body);
        assert!(bob.sentence().contains("bob@contoso.example"), "{kind:?}: {}", bob.sentence());
        no_secret_is_logged(&deployment);
        let asked = |what: &str| vault_paths(&deployment).iter().any(|path| path == what);
        assert_eq!(asked("certificates"), matches!(kind, Kind::Exportable | Kind::NonExportable), "{kind:?}");
        assert_eq!(asked("secrets"), kind == Kind::Exportable, "{kind:?}: only an exportable key is read");
        assert_eq!(
            asked("keys"),
            kind == Kind::NonExportable,
            "{kind:?}: only a non-exportable one signs in the vault"
        );
    }
}

#[tokio::test]
async fn a_credential_that_entra_does_not_know_is_the_operators_fault_with_the_right_advice() {
    for (kind, code, advice) in [
        (Kind::Exportable, 700_027, "az ad app credential reset"),
        (Kind::NonExportable, 700_027, "az ad app credential reset"),
        (Kind::Federated, 700_213, "az ad app federated-credential list"),
        (Kind::File, 700_027, "az ad app credential reset"),
    ] {
        let deployment = kind.deployed_unknown_to_entra().await;
        let answer = cost_by_service(&deployment, &reads(&deployment, deployment.lab.alice())).await;
        is_status(&answer, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.body.pointer("/error/data/who"), Some(&json!("operator")), "{kind:?}");
        assert!(!answer.body.to_string().contains("az ad app"), "{kind:?}: the caller can't act: {}", answer.body);
        let faults = events(&deployment, "obo_operator_fault");
        let [fault] = &faults[..] else { panic!("{kind:?}: one fault, not {}", faults.len()) };
        assert_eq!(fault["aadsts"], code, "{kind:?}");
        assert!(fault["advice"].as_str().unwrap().contains(advice), "{kind:?}: {fault}");
    }
}

/// As deployed, the app has a second identity, for the host's storage. One process could ask for both; this one does not.
#[tokio::test]
async fn no_identity_is_asked_but_the_credentials_own_and_for_nothing_but_its_purpose() {
    const VAULT: &str = "https://vault.azure.net";
    let of_the_host = format!("ClientId={SYSTEM_IDENTITY_CLIENT_ID};Authorization=AAD");
    for (kind, purpose) in
        [(Kind::Exportable, VAULT), (Kind::NonExportable, VAULT), (Kind::Federated, "api://AzureADTokenExchange")]
    {
        let mut settings = vec![
            ("AzureWebJobsStorage__credential", "managedidentity"),
            ("AzureWebJobsStorage__clientId", SYSTEM_IDENTITY_CLIENT_ID),
            ("APPLICATIONINSIGHTS_AUTHENTICATION_STRING", &of_the_host),
        ];
        if purpose == VAULT {
            settings.push(("KEY_VAULT_IDENTITY", USER_ASSIGNED_IDENTITY_CLIENT_ID));
        }
        let deployment = kind.deployed_with(USER_ASSIGNED_IDENTITY_CLIENT_ID, &settings).await;
        alice_reads(&deployment, &format!("{kind:?}")).await;
        let bob = cost_by_service(&deployment, &reads(&deployment, deployment.lab.bob())).await;
        assert!(bob.is_tool_error(), "{kind:?}: {}", bob.body);
        // a refusal makes the credential look for a newer version of itself
        deployment.lab.entra().faults().next(1, &Fault::Answer(refusal(700_024)));
        let again = deployment.lab.token(deployment.lab.alice()).scope("cost.read").issue().unwrap();
        cost_by_service(&deployment, &again).await;

        let asked = deployment.lab.journal().of(ServiceName::ManagedIdentity);
        assert!(!asked.is_empty(), "{kind:?}");
        for entry in &asked {
            let query: BTreeMap<_, _> = url::form_urlencoded::parse(entry.query.as_bytes()).into_owned().collect();
            let named = |name: &str| query.get(name).map(|value| value.trim_end_matches('/'));
            assert_eq!(named("client_id"), Some(USER_ASSIGNED_IDENTITY_CLIENT_ID), "{kind:?}: {}", entry.query);
            assert_eq!(named("resource"), Some(purpose), "{kind:?}: {}", entry.query);
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_developers_sign_in_reads_the_vault() {
    use std::os::unix::fs::PermissionsExt as _;

    let lab = Lab::start().await.unwrap();
    let issued: Value = lab
        .client()
        .get(format!("{}?api-version=2019-08-01&resource=https://vault.azure.net", lab.managed_identity().address()))
        .header("x-identity-header", lab.managed_identity().header())
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let expires_on: i64 = issued["expires_on"].as_str().unwrap().parse().unwrap();
    let printed = json!({ "accessToken": issued["access_token"], "expires_on": expires_on, "tokenType": "Bearer" });
    let tools = lab.directory().join("tools");
    std::fs::create_dir(&tools).unwrap();
    let az = tools.join("az");
    let asks = "account get-access-token -o json --scope https://vault.azure.net/.default";
    // the real one's failures come as text and an exit code, too
    let script = format!("#!/bin/sh\n[ \"$*\" = '{asks}' ] || exit 2\nprintf '%s' '{printed}'\n");
    std::fs::write(&az, script).unwrap();
    std::fs::set_permissions(&az, std::fs::Permissions::from_mode(0o755)).unwrap();

    lab.journal().clear();
    let path = format!("{}:/usr/bin:/bin", tools.display());
    let settings =
        [("KEY_VAULT_IDENTITY", "developer"), ("PATH", &path), ("IDENTITY_ENDPOINT", ""), ("IDENTITY_HEADER", "")];
    let deployment = Deployment::of(lab, handler(), &settings, None).await.unwrap();
    alice_reads(&deployment, "developer").await;
    assert!(deployment.lab.journal().of(ServiceName::ManagedIdentity).is_empty(), "nobody else signed in");
}

#[tokio::test]
async fn a_renewed_and_registered_certificate_is_used_without_a_restart() {
    for kind in [Kind::Exportable, Kind::NonExportable] {
        let deployment = kind.deployed().await;
        alice_reads(&deployment, "before").await;
        let (vault, entra) = (deployment.lab.key_vault(), deployment.lab.entra());
        let first = vault.certificate().unwrap();
        entra.register(&vault.rotate().unwrap());
        entra.unregister(&first);
        alice_reads(&deployment, &format!("{kind:?} after")).await;
        assert_eq!(events(&deployment, "credential_rotated").len(), 1, "{kind:?}");
        assert_eq!(events(&deployment, "obo_operator_fault").len(), 0, "{kind:?}");
        assert_eq!(deployment.host.restarts(), 0, "{kind:?}");
    }
}

#[tokio::test]
async fn a_renewed_certificate_that_nobody_registered_disturbs_no_caller() {
    for kind in [Kind::Exportable, Kind::NonExportable] {
        let deployment = kind.deployed().await;
        deployment.lab.key_vault().rotate().unwrap();
        alice_reads(&deployment, "the old one is registered").await;
        // Entra stumbles over the old one, so the new one is read, which it does not know
        deployment.lab.entra().faults().next(1, &Fault::Answer(refusal(700_024)));
        alice_reads(&deployment, &format!("{kind:?} falls back")).await;
        assert_eq!(events(&deployment, "credential_rotated").len(), 1, "{kind:?}");
        assert_eq!(events(&deployment, "credential_not_registered").len(), 1, "{kind:?}");
        alice_reads(&deployment, &format!("{kind:?} stays")).await;
        assert_eq!(events(&deployment, "obo_operator_fault").len(), 0, "{kind:?}");
    }
}

#[tokio::test]
async fn an_outage_of_the_vault_after_the_start_is_not_noticed() {
    for kind in [Kind::Exportable, Kind::NonExportable] {
        let deployment = kind.deployed().await;
        deployment.lab.key_vault().faults().always(Fault::Unavailable(RetryAfter::Unsaid));
        alice_reads(&deployment, &format!("{kind:?}")).await;
    }
}

/// A refusal of the client's assertion.
fn refusal(code: u32) -> http::Response<bytes::Bytes> {
    let body = json!({ "error": "invalid_client", "error_codes": [code], "error_description": "no" });
    let builder = http::Response::builder().status(StatusCode::UNAUTHORIZED);
    builder.header("content-type", "application/json").body(body.to_string().into()).unwrap()
}
