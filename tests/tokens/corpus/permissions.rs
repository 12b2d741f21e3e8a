//! Genuine tokens that say something like the permission.

use serde_json::json;

use super::{Corpus, forge::Forge};

pub(super) fn add(corpus: &mut Corpus, forge: &Forge<'_>) {
    let application = forge.lab.app_id_uri();
    for scopes in [
        "cost",
        "read",
        "cost.rea",
        "cost.reader",
        "cost.readwrite",
        "cost.read.all",
        "xcost.read",
        "Cost.Read",
        "COST.READ",
        "cost_read",
        "cost-read",
        "cost:read",
        "cost/read",
        "cost.read,openid",
        "cost.read;openid",
        "openid\tcost.read",
        "openid\u{a0}cost.read",
        "openid\ncost.read",
        "cost.read\0",
        "\"cost.read\"",
        "cost.r\u{435}ad",
        "*",
        "cost.*",
        ".default",
        "user_impersonation",
        "access_as_user",
        "openid profile email",
        "Diagnostics.Read",
        "cost.export",
        &format!("{application}/cost.read"),
        &format!("{application}/.default"),
    ] {
        let token = forge.claim("scp", scopes);
        corpus.add_powerless(format_args!("scopes {scopes:?}"), token, "missing_scope:cost.read");
    }
    for roles in [json!(["cost.read"]), json!(["Diagnostics.Read"]), json!(["cost.read", "Owner"])] {
        let token = forge.claims(&json!({ "scp": "openid", "roles": roles }));
        corpus.add_powerless(format_args!("roles {roles} of a user"), token, "missing_scope:cost.read");
        let token = forge.claims(&json!({ "scp": null, "idtyp": "app", "roles": roles }));
        corpus.add_powerless(format_args!("roles {roles} of a service"), token, "user_token_required");
    }
    let service = forge.lab.service_token(&["Diagnostics.Read"]).issue().unwrap();
    corpus.add_powerless("the monitoring service", service, "user_token_required");
    let other = forge.claims(&json!({ "scp": "cost.export", "wids": ["62e90394-69f5-4237-9190-012177145e10"] }));
    corpus.add_powerless("an administrator's directory role", other, "missing_scope:cost.read");
}
