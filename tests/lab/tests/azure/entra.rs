//! Entra ID: who gets a token, and with which number the others are refused.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use lab::{
    fault::{Fault, RetryAfter},
    journal::{Presented, PrincipalKind, ServiceName},
    people::{MCP_CLIENT_ID, SERVER_CLIENT_ID, TENANT_ID},
};
use serde_json::{Value, json};

use crate::support::{Answer, ClientAssertion, Exchange, claims, header, lab};

#[tokio::test]
async fn a_users_token_becomes_a_token_for_resource_manager() {
    let lab = lab().await;
    let assertion = lab.token(lab.alice()).scope("cost.read").issue().unwrap();
    let answer = Exchange::of(&lab, &assertion).send().await;
    let token = claims(answer.token());
    let arm = lab.resource_manager().url();
    assert_eq!(token["aud"], arm);
    assert_eq!(token["oid"], *lab.alice().object_id);
    assert_eq!(token["appid"], SERVER_CLIENT_ID);
    assert_eq!(answer.body["token_type"], "Bearer");
    assert_eq!(answer.body["scope"], format!("{arm}/user_impersonation {arm}/.default"));
    assert_eq!(answer.body["expires_in"], 3_899);
    for absent in ["refresh_token", "id_token", "client_info"] {
        assert!(answer.body.get(absent).is_none(), "nobody asked for {absent}");
    }

    let entry = lab.journal().of(ServiceName::Entra).pop().unwrap();
    let identity = entry.presented.identity().unwrap();
    assert_eq!((&identity.object_id, identity.kind), (&lab.alice().object_id, PrincipalKind::User));
    assert_eq!(identity.token_id, claims(&assertion)["uti"]);
    assert_eq!((lab.entra().exchanges(lab.alice()), lab.entra().exchanges(lab.bob())), (1, 0));
}

#[tokio::test]
async fn what_microsofts_libraries_send_differently_is_accepted() {
    let lab = lab().await;
    let assertion = lab.token(lab.alice()).scope("cost.read").issue().unwrap();
    let now = jsonwebtoken::get_current_timestamp();
    let client = || ClientAssertion::new(&lab);
    for (what, client) in [
        ("padded thumbprint", client().padded()),
        ("RS256", client().algorithm(Algorithm::RS256)),
        ("RS256 with a SHA-1 thumbprint", client().algorithm(Algorithm::RS256).legacy_thumbprint(&lab)),
        (
            "fractions of a second, no nbf",
            client().claim("exp", f64::from(u32::try_from(now).unwrap()) + 599.5).without_claim("nbf"),
        ),
        ("moments as strings", client().claim("exp", (now + 600).to_string()).claim("nbf", now.to_string())),
        ("the issuer as audience", client().claim("aud", lab.entra().issuer())),
        ("a clock four minutes ahead", client().claim("nbf", now + 240)),
    ] {
        let answer = Exchange::of(&lab, &assertion).client(&client).send().await;
        assert_eq!(answer.status, 200, "{what}: {}", answer.text);
    }
    assert_eq!(lab.entra().client_assertions(), 1, "one id for all of them is no replay");

    let answer = Exchange::of(&lab, &assertion)
        .field("scope", &format!("{}/.default openid profile offline_access", lab.resource_manager().url()))
        .send()
        .await;
    assert_eq!(claims(answer.body["id_token"].as_str().unwrap())["oid"], *lab.alice().object_id);
    assert!(lab.secrets().iter().any(|secret| answer.body["refresh_token"] == *secret));
    let answer = Exchange::of(&lab, &assertion).field("client_info", "1").send().await;
    let told = BASE64_URL_SAFE_NO_PAD.decode(answer.body["client_info"].as_str().unwrap()).unwrap();
    let told: Value = serde_json::from_slice(&told).unwrap();
    assert_eq!(told, json!({ "uid": lab.alice().object_id, "utid": TENANT_ID }));
}

#[tokio::test]
async fn each_flaw_of_the_client_assertion_has_its_number() {
    let lab = lab().await;
    let user = lab.token(lab.alice()).scope("cost.read").issue().unwrap();
    let now = jsonwebtoken::get_current_timestamp();
    let client = || ClientAssertion::new(&lab);
    for (what, client, code) in [
        (
            "thumbprint of no certificate",
            client().thumbprint(Some("BNJEKfPfTl-kDrjg8kraQeUh2IL7PV_N7yg0Y5xga_M")),
            700_027,
        ),
        ("no thumbprint", client().thumbprint(None), 5_002_723),
        ("HMAC", client().algorithm(Algorithm::HS256), 5_002_738),
        ("RS384", client().algorithm(Algorithm::RS384), 5_002_738),
        ("expired six minutes ago", client().claim("exp", now - 360), 700_024),
        ("not valid for six minutes", client().claim("nbf", now + 360), 700_024),
        ("without an end", client().without_claim("exp"), 700_024),
        ("issuer is not the subject", client().claim("sub", MCP_CLIENT_ID), 50_048),
        ("of another client", client().claim("sub", MCP_CLIENT_ID).claim("iss", MCP_CLIENT_ID), 700_021),
        (
            "for another endpoint",
            client().claim("aud", format!("https://login.microsoftonline.com/{TENANT_ID}/v2.0")),
            700_023,
        ),
        (
            "for /common",
            client().claim("aud", format!("{}/common/oauth2/v2.0/token", lab.entra().authority())),
            700_023,
        ),
        ("for several audiences", client().claim("aud", json!([lab.entra().token_endpoint()])), 50_027),
        ("without an id", client().without_claim("jti"), 50_027),
    ] {
        let answer = Exchange::of(&lab, &user).client(&client).send().await;
        println!("{what}");
        answer.is_refused(401, "invalid_client", code);
    }
    let signed = client().sign();
    let forged = format!(
        "{}.{}",
        signed.rsplit_once('.').unwrap().0,
        client().claim("jti", "2").sign().rsplit_once('.').unwrap().1
    );
    Exchange::of(&lab, &user).field("client_assertion", &forged).send().await.is_refused(
        401,
        "invalid_client",
        700_027,
    );
    Exchange::of(&lab, &user).field("client_assertion", "x").send().await.is_refused(401, "invalid_client", 50_027);
    assert_eq!(lab.entra().client_assertions(), 0);
}

#[tokio::test]
async fn a_certificate_counts_while_it_is_registered_and_valid() {
    let lab = lab().await;
    let user = lab.token(lab.alice()).scope("cost.read").issue().unwrap();
    let client = ClientAssertion::new(&lab);
    let registered = lab.key_vault().certificate().unwrap();
    lab.entra().unregister(&registered);
    Exchange::of(&lab, &user).client(&client).send().await.is_refused(401, "invalid_client", 700_027);

    let expired = lab.key_vault().set_expiry(time::OffsetDateTime::now_utc() - time::Duration::DAY).unwrap();
    lab.entra().register(&expired);
    let pem = std::fs::read_to_string(lab.pem_certificate()).unwrap();
    let client = ClientAssertion::signed_with(&lab, &pem, &expired);
    Exchange::of(&lab, &user).client(&client).send().await.is_refused(401, "invalid_client", 1_000_502);
}

#[tokio::test]
async fn a_form_that_makes_no_sense_is_refused() {
    let lab = lab().await;
    let user = lab.token(lab.alice()).scope("cost.read").issue().unwrap();
    for name in ["grant_type", "client_id", "client_assertion_type", "assertion", "requested_token_use", "scope"] {
        Exchange::of(&lab, &user).without(name).send().await.is_refused(400, "invalid_request", 900_144);
    }
    let exchange = || Exchange::of(&lab, &user);
    exchange().twice("assertion").send().await.is_refused(400, "invalid_request", 9_002_313);
    exchange().field("requested_token_use", "logon").send().await.is_refused(400, "invalid_request", 9_002_313);
    exchange().field("client_secret", "x").send().await.is_refused(400, "invalid_request", 9_002_313);
    exchange().field("claims", "{").send().await.is_refused(400, "invalid_request", 9_002_313);
    exchange().field("grant_type", "password").send().await.is_refused(400, "unsupported_grant_type", 70_003);
    exchange().field("client_id", TENANT_ID).send().await.is_refused(400, "unauthorized_client", 700_016);
    exchange().field("client_id", MCP_CLIENT_ID).send().await.is_refused(401, "invalid_client", 700_025);
    exchange().without("client_assertion").send().await.is_refused(401, "invalid_client", 7_000_218);
    exchange().field("client_assertion_type", "jwt").send().await.is_refused(401, "invalid_client", 7_000_218);
    let secret = exchange().without("client_assertion").field("client_secret", "x");
    secret.send().await.is_refused(401, "invalid_client", 7_000_215);
    exchange().tenant("common").send().await.is_refused(400, "invalid_request", 50_194);
    exchange().tenant(SERVER_CLIENT_ID).send().await.is_refused(400, "invalid_request", 90_002);
}

#[tokio::test]
async fn each_flaw_of_the_users_token_has_its_number() {
    let lab = lab().await;
    let alice = || lab.token(lab.alice()).scope("cost.read");
    for (what, token, error, code) in [
        ("expired", alice().expired(), "invalid_grant", 500_133),
        ("for somebody else", alice().audience("https://vault.azure.net"), "invalid_grant", 500_131),
        ("of another tenant", alice().tenant(MCP_CLIENT_ID), "invalid_grant", 50_020),
        ("of nobody here", alice().claim("oid", MCP_CLIENT_ID), "invalid_grant", 50_034),
        ("signed by nobody here", alice().signed_by_unknown_key(), "invalid_grant", 50_013),
        ("of Microsoft Graph", alice().for_graph(), "invalid_grant", 50_013),
        ("an ID token", alice().id_token(), "invalid_request", 240_002),
        ("of a service", lab.service_token(&["Diagnostics.Read"]), "invalid_grant", 7_000_114),
    ] {
        println!("{what}");
        let answer = Exchange::of(&lab, &token.issue().unwrap()).send().await;
        answer.is_refused(400, error, code);
    }
    Exchange::of(&lab, "x.y.z").send().await.is_refused(400, "invalid_request", 50_027);

    let token = alice().issue().unwrap();
    let forged =
        format!("{}.{}", token.rsplit_once('.').unwrap().0, alice().issue().unwrap().rsplit_once('.').unwrap().1);
    Exchange::of(&lab, &forged).send().await.is_refused(400, "invalid_grant", 50_013);
    let entry = lab.journal().of(ServiceName::Entra).pop().unwrap();
    assert_eq!(entry.presented, Presented::Unverified, "a forged token proves nobody");

    lab.entra().disable(lab.alice());
    Exchange::of(&lab, &token).send().await.is_refused(400, "invalid_grant", 50_057);
    assert_eq!(alice().issue().unwrap_err().code, 50_057);
    lab.entra().enable(lab.alice());
    Exchange::of(&lab, &token).send().await.token();
}

#[tokio::test]
async fn a_version_1_token_is_a_good_assertion_and_has_the_old_claims() {
    let lab = lab().await;
    let token = lab.token(lab.alice()).scope("cost.read").version_1().issue().unwrap();
    let claims = claims(&token);
    assert_eq!(
        (&claims["ver"], &claims["aud"], &claims["appid"]),
        (&json!("1.0"), &json!(lab.app_id_uri()), &json!(MCP_CLIENT_ID))
    );
    assert!(claims.get("azp").is_none());
    Exchange::of(&lab, &token).send().await.token();
}

#[tokio::test]
async fn each_wrong_scope_has_its_number() {
    let lab = lab().await;
    let user = lab.token(lab.alice()).scope("cost.read").issue().unwrap();
    let arm = lab.resource_manager().url();
    for (scope, error, code) in [
        ("https://management.azure.com/.default".to_owned(), "invalid_resource", 500_011),
        ("https://graph.microsoft.com/.default".to_owned(), "invalid_resource", 650_057),
        ("user.read".to_owned(), "invalid_resource", 650_057),
        (format!("{arm}/cost.read"), "invalid_scope", 70_011),
        (format!("{arm}/.default https://graph.microsoft.com/.default"), "invalid_request", 700_022),
    ] {
        println!("{scope}");
        Exchange::of(&lab, &user).field("scope", &scope).send().await.is_refused(400, error, code);
    }
    let answer = Exchange::of(&lab, &user).field("scope", &format!("{arm}//.default")).send().await;
    assert_eq!(claims(answer.token())["aud"], format!("{arm}/"), "a second slash belongs to the resource");
}

#[tokio::test]
async fn a_scope_is_in_a_token_only_if_somebody_consented() {
    let lab = lab().await;
    let export = || lab.token(lab.alice()).scope("cost.read").scope("cost.export").issue();
    assert_eq!(export().unwrap_err().code, 90_094);
    lab.entra().admin_consents("cost.export");
    assert_eq!(claims(&export().unwrap())["scp"], "cost.read cost.export");
    let other = lab.token(lab.alice()).scope("cost.export").client(SERVER_CLIENT_ID).issue();
    assert_eq!(other.unwrap_err().code, 90_094, "consent is given to one client");
    lab.entra().withdraw_consent("cost.export");
    assert_eq!(export().unwrap_err().code, 90_094);

    let full = format!("{}/cost.read", lab.app_id_uri());
    assert_eq!(claims(&lab.token(lab.bob()).scope(&full).issue().unwrap())["scp"], "cost.read");
    assert_eq!(lab.token(lab.bob()).scope("cost.write").issue().unwrap_err().code, 650_053);
    assert_eq!(lab.token(lab.bob()).issue().unwrap_err().code, 900_144);
    lab.entra().withdraw_consent("cost.read");
    lab.entra().let_users_consent(false);
    let refusal = lab.token(lab.bob()).scope("cost.read").issue().unwrap_err();
    assert_eq!((refusal.code, refusal.suberror), (65_001, Some("consent_required")));
}

#[tokio::test]
async fn without_consent_to_azure_there_is_no_exchange() {
    let lab = lab().await;
    let [alice, bob] = [lab.alice(), lab.bob()].map(|person| lab.token(person).scope("cost.read").issue().unwrap());
    lab.entra().withdraw_azure_consent();
    let answer = Exchange::of(&lab, &alice).send().await;
    answer.is_refused(400, "invalid_grant", 65_001);
    assert_eq!(answer.body["suberror"], "consent_required");
    lab.entra().consents_to_azure(lab.alice());
    Exchange::of(&lab, &alice).send().await.token();
    Exchange::of(&lab, &bob).send().await.is_refused(400, "invalid_grant", 65_001);
}

#[tokio::test]
async fn mfa_is_judged_by_the_assertion_and_not_by_the_person() {
    let lab = lab().await;
    let plain = lab.token(lab.alice()).scope("cost.read").issue().unwrap();
    let policy = lab.entra().require_mfa();
    let answer = Exchange::of(&lab, &plain).send().await;
    answer.is_refused(400, "interaction_required", 50_076);
    assert_eq!(answer.body["suberror"], "basic_action");
    let claims: Value = serde_json::from_str(answer.body["claims"].as_str().unwrap()).unwrap();
    assert_eq!(claims, json!({"access_token":{"capolids":{"essential":true,"values":[policy]}}}));

    let stepped_up = lab.token(lab.alice()).scope("cost.read").with_mfa().issue().unwrap();
    Exchange::of(&lab, &stepped_up).send().await.token();
    Exchange::of(&lab, &plain).send().await.is_refused(400, "interaction_required", 50_076);
    lab.entra().remove_policies();
    Exchange::of(&lab, &plain).send().await.token();

    let demanded = json!({"access_token":{"acrs":{"essential":true,"values":["p1"]}}});
    let answer = Exchange::of(&lab, &plain).claims(demanded.clone()).send().await;
    answer.is_refused(400, "interaction_required", 50_076);
    assert_eq!(answer.body["claims"], demanded.to_string());

    lab.entra().block_access();
    let answer = Exchange::of(&lab, &stepped_up).send().await;
    answer.is_refused(400, "invalid_grant", 53_003);
    assert_eq!(answer.body["suberror"], "message_only");
}

#[tokio::test]
async fn a_revoked_sign_in_is_over_and_a_new_one_counts() {
    let lab = lab().await;
    let old = lab.token(lab.alice()).scope("cost.read").issue().unwrap();
    lab.entra().revoke(lab.alice());
    Exchange::of(&lab, &old).send().await.is_refused(400, "invalid_grant", 50_133);
    let new = lab.token(lab.alice()).scope("cost.read").issue().unwrap();
    Exchange::of(&lab, &new).send().await.token();
    lab.entra().revoke(lab.alice());
    Exchange::of(&lab, &new).send().await.is_refused(400, "invalid_grant", 50_133);
    let bob = lab.token(lab.bob()).scope("cost.read").issue().unwrap();
    Exchange::of(&lab, &bob).send().await.token();
}

#[tokio::test]
async fn a_refusal_has_every_member() {
    let lab = lab().await;
    let user = lab.token(lab.alice()).scope("cost.read").expired().issue().unwrap();
    let id = "b0f6d1c2-5a77-4c55-9d0f-3a3f6b1f2a10";
    let answer = Exchange::of(&lab, &user).correlation_id(id).send().await;
    answer.is_refused(400, "invalid_grant", 500_133);
    let body = &answer.body;
    let description = body["error_description"].as_str().unwrap();
    let lines: Vec<_> = description.split("\r\n").collect();
    let [trace_id, timestamp] = ["trace_id", "timestamp"].map(|name| body[name].as_str().unwrap());
    assert!(lines[0].starts_with("AADSTS500133: Assertion is not within its valid time range."), "{description}");
    assert_eq!(
        lines[1..],
        [format!("Trace ID: {trace_id}"), format!("Correlation ID: {id}"), format!("Timestamp: {timestamp}"),]
    );
    assert!(timestamp.len() == 20 && timestamp.ends_with('Z'), "{timestamp}");
    assert_eq!(body["correlation_id"], id);
    assert_eq!(body["error_uri"], "https://login.microsoftonline.com/error?code=500133");
    assert_eq!(answer.header("x-ms-request-id"), trace_id);
    assert_eq!(answer.header("x-ms-clitelem"), "1,500133,0,,");
    assert!(body.get("claims").is_none() && body.get("suberror").is_none());

    // Node's MSAL sends its id in the body
    let answer = Exchange::of(&lab, &user).field("client-request-id", id).send().await;
    assert_eq!(answer.body["correlation_id"], id);
}

#[tokio::test]
async fn the_keys_verify_tokens_and_have_what_trips_readers() {
    let lab = lab().await;
    let keys = async || {
        let url = format!("{}/{TENANT_ID}/discovery/v2.0/keys", lab.entra().authority());
        Answer::of(lab.client().get(url)).await.body["keys"].as_array().unwrap().clone()
    };
    let token = || lab.token(lab.alice()).scope("cost.read").issue().unwrap();
    let find = |keys: &[Value], token: &str| {
        let id = header(token)["kid"].clone();
        keys.iter().find(|key| key["kid"] == id).cloned()
    };

    let published = keys().await;
    assert!(published.iter().all(|key| key.get("alg").is_none() && key["kty"] == "RSA" && key["use"] == "sig"));
    let issuers: Vec<_> = published.iter().map(|key| key["issuer"].as_str().unwrap()).collect();
    let authority = lab.entra().authority();
    let expected = ["{tenantid}", TENANT_ID, "9188040d-6c67-4c5b-b112-36a304b66dad"];
    assert_eq!(issuers, expected.map(|tenant| format!("{authority}/{tenant}/v2.0")));

    let first = token();
    let key = find(&published, &first).unwrap();
    let key = DecodingKey::from_rsa_components(key["n"].as_str().unwrap(), key["e"].as_str().unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_nbf = true;
    validation.leeway = 0;
    validation.set_audience(&[SERVER_CLIENT_ID]);
    validation.set_issuer(&[lab.entra().issuer()]);
    jsonwebtoken::decode::<Value>(&first, &key, &validation).unwrap();

    lab.entra().roll_over_keys_unpublished().unwrap();
    let second = token();
    assert!(find(&keys().await, &second).is_none(), "not published yet");
    Exchange::of(&lab, &second).send().await.token();
    lab.entra().publish_keys();
    let published = keys().await;
    assert!(find(&published, &first).is_some() && find(&published, &second).is_some());
    lab.entra().unpublish_keys();
    assert_eq!(keys().await, Vec::<Value>::new());

    lab.entra().keys_faults().always(Fault::Unavailable(RetryAfter::Unsaid));
    let url = format!("{authority}/{TENANT_ID}/discovery/v2.0/keys");
    assert_eq!(Answer::of(lab.client().get(&url)).await.status, 503);
    Exchange::of(&lab, &first).send().await.token();
    lab.entra().keys_faults().clear();
    let other = url.replace(TENANT_ID, SERVER_CLIENT_ID);
    Answer::of(lab.client().get(other)).await.is_refused(400, "invalid_request", 90_002);
}

#[tokio::test]
async fn a_token_of_a_service_is_app_only() {
    let lab = lab().await;
    let token = claims(&lab.service_token(&["Diagnostics.Read"]).issue().unwrap());
    assert_eq!((&token["idtyp"], &token["roles"]), (&json!("app"), &json!(["Diagnostics.Read"])));
    assert!(token.get("scp").is_none());
    assert!(claims(&lab.service_token(&[]).issue().unwrap()).get("roles").is_none());
}

#[tokio::test]
async fn entras_throttling_has_entras_form() {
    let lab = lab().await;
    let user = lab.token(lab.alice()).scope("cost.read").issue().unwrap();
    lab.entra().faults().next(1, &Fault::Throttled(RetryAfter::Seconds(17)));
    let answer = Exchange::of(&lab, &user).send().await;
    answer.is_refused(429, "temporarily_unavailable", 90_055);
    assert_eq!(answer.header("retry-after"), "17");
    assert_eq!(lab.entra().exchanges(lab.alice()), 1, "a throttled request is in the journal with its identity");
    Exchange::of(&lab, &user).send().await.token();
}

#[tokio::test]
async fn the_server_gets_a_token_of_its_own_that_belongs_to_nobody() {
    let lab = lab().await;
    let itself = || Exchange::of(&lab, "unused").field("grant_type", "client_credentials");
    let answer = itself().send().await;
    let token = claims(answer.token());
    assert_eq!((&token["idtyp"], &token["aud"]), (&json!("app"), &json!(lab.resource_manager().url())));
    assert!(token.get("scp").is_none() && token.get("roles").is_none(), "{token}");
    let narrow = format!("{}/user_impersonation", lab.resource_manager().url());
    itself().field("scope", &narrow).send().await.is_refused(400, "invalid_scope", 1_002_012);
    lab.entra().unregister(&lab.key_vault().certificate().unwrap());
    itself().send().await.is_refused(401, "invalid_client", 700_027);
}

#[tokio::test]
async fn a_registration_that_does_not_ask_for_azure_gets_no_users_token_for_it() {
    let lab = lab().await;
    let assertion = lab.token(lab.alice()).scope("cost.read").issue().unwrap();
    lab.entra().remove_azure_permission();
    Exchange::of(&lab, &assertion).send().await.is_refused(400, "invalid_resource", 650_057);
}

#[tokio::test]
async fn the_configuration_names_the_tenant_and_common_names_none() {
    let lab = lab().await;
    let authority = lab.entra().authority();
    let configuration = async |tenant: &str| {
        let url = format!("{authority}/{tenant}/v2.0/.well-known/openid-configuration");
        Answer::of(lab.client().get(url)).await
    };
    for (tenant, issuer) in [
        (TENANT_ID, TENANT_ID),
        ("common", "{tenantid}"),
        ("organizations", "{tenantid}"),
        ("consumers", "9188040d-6c67-4c5b-b112-36a304b66dad"),
    ] {
        let body = configuration(tenant).await.body;
        assert_eq!(body["issuer"], format!("{authority}/{issuer}/v2.0"));
        assert_eq!(body["token_endpoint"], format!("{authority}/{tenant}/oauth2/v2.0/token"));
        assert_eq!(body["jwks_uri"], format!("{authority}/{tenant}/discovery/v2.0/keys"));
    }
    configuration(MCP_CLIENT_ID).await.is_refused(400, "invalid_request", 90_002);
}
