//! The managed identity endpoint of App Service.

use lab::people::{
    SYSTEM_IDENTITY_OBJECT_ID, TENANT_ID, USER_ASSIGNED_IDENTITY_CLIENT_ID, USER_ASSIGNED_IDENTITY_OBJECT_ID,
};

use crate::support::{Answer, Exchange, claims, lab};

const VAULT: &str = "https://vault.azure.net";

async fn ask(lab: &lab::Lab, query: &str, header: Option<&str>) -> Answer {
    let mut request = lab.client().get(format!("{}?{query}", lab.managed_identity().address()));
    if let Some(header) = header {
        request = request.header("X-IDENTITY-HEADER", header);
    }
    Answer::of(request).await
}

#[tokio::test]
async fn a_host_gets_a_token_with_its_expiry_as_a_string() {
    let lab = lab().await;
    let header = lab.managed_identity().header();
    let answer = ask(&lab, &format!("api-version=2019-08-01&resource={VAULT}"), Some(header)).await;
    let token = claims(answer.token());
    assert_eq!((&token["aud"], &token["oid"]), (&VAULT.into(), &SYSTEM_IDENTITY_OBJECT_ID.into()));
    assert_eq!(token["iss"], format!("https://sts.windows.net/{TENANT_ID}/"));
    assert_eq!(answer.body["expires_on"], token["exp"].to_string());
    assert_eq!((&answer.body["resource"], &answer.body["token_type"]), (&VAULT.into(), &"Bearer".into()));

    let query = format!("api-version=2019-08-01&resource={VAULT}&client_id={USER_ASSIGNED_IDENTITY_CLIENT_ID}");
    let answer = ask(&lab, &query, Some(header)).await;
    assert_eq!(claims(answer.token())["oid"], USER_ASSIGNED_IDENTITY_OBJECT_ID);
    let secrets = lab.secrets();
    assert!(secrets.iter().any(|secret| secret == header) && secrets.iter().any(|secret| secret == answer.token()));
}

#[tokio::test]
async fn everything_else_is_refused() {
    let lab = lab().await;
    let header = lab.managed_identity().header();
    for (query, header, status) in [
        (format!("api-version=2019-08-01&resource={VAULT}"), None, 401),
        (format!("api-version=2019-08-01&resource={VAULT}"), Some("x"), 401),
        (format!("resource={VAULT}"), Some(header), 400),
        (format!("api-version=2018-02-01&resource={VAULT}"), Some(header), 400),
        ("api-version=2019-08-01".to_owned(), Some(header), 400),
        (format!("api-version=2019-08-01&resource={VAULT}&client_id={TENANT_ID}"), Some(header), 400),
        ("api-version=2019-08-01&resource=https://example.com".to_owned(), Some(header), 500),
    ] {
        let answer = ask(&lab, &query, header).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.text);
        assert_eq!(answer.body["statusCode"], status);
    }
}

#[tokio::test]
async fn a_trusted_identity_stands_for_the_certificate() {
    let lab = lab().await;
    let header = lab.managed_identity().header();
    let user = lab.token(lab.alice()).scope("cost.read").issue().unwrap();
    let resource = "api-version=2019-08-01&resource=api://AzureADTokenExchange";
    let trusted = ask(&lab, &format!("{resource}&client_id={USER_ASSIGNED_IDENTITY_CLIENT_ID}"), Some(header)).await;
    let system = ask(&lab, resource, Some(header)).await;
    let exchange = |assertion: &str| Exchange::of(&lab, &user).field("client_assertion", assertion).send();
    exchange(trusted.token()).await.token();
    exchange(system.token()).await.is_refused(401, "invalid_client", 700_213);

    let forged =
        format!("{}.{}", trusted.token().rsplit_once('.').unwrap().0, system.token().rsplit_once('.').unwrap().1);
    exchange(&forged).await.is_refused(401, "invalid_client", 50_013);
    let vault = ask(&lab, &format!("api-version=2019-08-01&resource={VAULT}"), Some(header)).await;
    exchange(vault.token()).await.is_refused(401, "invalid_client", 700_211);
}
