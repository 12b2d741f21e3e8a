//! `whoami`: who the server thinks the caller is, what they may call, what is missing and how to get it.

use identity::{AppRole, Caller, PermissionRefusal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    arguments::BadArgument,
    registry::{Answer, AnyoneCall, Registry, Run, Tool},
    schema,
    table::Table,
};
use crate::{audit::Principal, azure::Name};

/// The definition.
pub(super) fn tool() -> Tool {
    Tool {
        name: "whoami",
        title: "Who am I",
        description: "Who this server takes the caller for, which permissions the token holds, which tools it may \
                      call, what is missing and how to get it. Use it when a call was refused. It does not ask \
                      Azure: whether a subscription's costs may be read is decided there, by role assignments."
            .to_owned(),
        input: schema::input(&[schema::part::<Arguments>()]),
        output: schema::output::<Identity>(),
        run: Run::Anyone(run),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Arguments {}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Identity {
    /// The sign-in name, or the object id.
    name: Name,
    kind: Kind,
    object_id: String,
    tenant_id: String,
    /// The application the token was issued to.
    client_id: String,
    /// Scopes of a user, app roles of a service.
    permissions: Vec<Name>,
    tools: Vec<Standing>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    User,
    Service,
}

/// How the caller stands to one tool.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Standing {
    tool: &'static str,
    callable: bool,
    /// The missing permission.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<&'static str>,
    /// How to get it.
    #[serde(skip_serializing_if = "Option::is_none")]
    how: Option<String>,
}

fn run(call: &AnyoneCall<'_>) -> Result<Answer, BadArgument> {
    let Arguments {} = call.arguments()?;
    let &AnyoneCall { caller, registry, .. } = call;
    let (principal, is_user) = (Principal::of(caller), caller.is_user());
    let identity = identity(
        &principal,
        is_user,
        caller.permissions(),
        registry.within_reach(is_user).map(|tool| standing(tool, registry, &principal, check(tool, caller))).collect(),
    );
    Ok(Answer::new(text(&identity), &identity))
}

/// The very check that a call would meet. The grant is dropped: nothing is called.
fn check(tool: &Tool, caller: &Caller) -> Result<(), PermissionRefusal> {
    match tool.run {
        Run::Anyone(_) => Ok(()),
        Run::User(scope, _) => caller.as_user(scope).map(drop),
        Run::App(role, _) => caller.as_app(role).map(drop),
    }
}

fn standing(tool: &Tool, registry: &Registry, caller: &Principal, check: Result<(), PermissionRefusal>) -> Standing {
    let how = |refusal: PermissionRefusal| match refusal {
        PermissionRefusal::MissingScope(scope) => format!(
            "Let the client sign in again for the scope {}; if that ends at \"approval required\", an \
             administrator must consent to it.",
            registry.full_name(scope)
        ),
        PermissionRefusal::MissingRole(role) => format!(
            "Ask an administrator to assign the app role to this service, then get a new token: {}",
            assign(role, registry, caller)
        ),
        _ => "Sign in as a person: this tool reads Azure as its caller.".to_owned(),
    };
    let missing = check.is_err().then(|| tool.permission());
    Standing { tool: tool.name, callable: check.is_ok(), missing, how: check.err().map(how) }
}

/// The command that assigns a role to a service, managed identity or not.
///
/// Source: "Grant an appRoleAssignment to a service principal", Microsoft Graph v1.0.
fn assign(role: AppRole, registry: &Registry, service: &Principal) -> String {
    let (oid, role) = (&service.oid, role.name());
    let show = format!("az ad sp show --id {} --output tsv --query", registry.client());
    let (server, role) = (format!("$({show} id)"), format!(r#"$({show} "appRoles[?value=='{role}'].id")"#));
    let body = format!(r#"{{\"principalId\":\"{oid}\",\"resourceId\":\"{server}\",\"appRoleId\":\"{role}\"}}"#);
    let url = format!("https://graph.microsoft.com/v1.0/servicePrincipals/{oid}/appRoleAssignments");
    format!(r#"az rest --method post --url {url} --body "{body}""#)
}

fn identity(principal: &Principal, is_user: bool, permissions: &[String], tools: Vec<Standing>) -> Identity {
    Identity {
        name: Name::new(&principal.user),
        kind: if is_user { Kind::User } else { Kind::Service },
        object_id: principal.oid.clone(),
        tenant_id: principal.tid.clone(),
        client_id: principal.azp.clone(),
        permissions: permissions.iter().map(|name| Name::new(name)).collect(),
        tools,
    }
}

fn text(identity: &Identity) -> String {
    let Identity { name, kind, object_id, tenant_id, client_id, permissions, tools } = identity;
    let kind = match kind {
        Kind::User => "user",
        Kind::Service => "service",
    };
    let permissions = match permissions.as_slice() {
        [] => "none".to_owned(),
        held => held.iter().map(Name::markdown).collect::<Vec<_>>().join(", "),
    };
    let mut table = Table::new().text("Tool").text("Callable").text("Missing");
    for Standing { tool, callable, missing, .. } in tools {
        table.row([*tool, if *callable { "yes" } else { "no" }, missing.unwrap_or_default()]);
    }
    let hints = tools.iter().filter_map(|standing| Some(format!("\n- {}: {}", standing.tool, standing.how.as_ref()?)));
    format!(
        "You are {} ({kind}), object id {object_id}, in tenant {tenant_id}, calling through client {client_id}. \
         Permissions of this token: {permissions}.\n\n{}{}",
        name.markdown(),
        table.into_text(),
        hints.collect::<String>(),
    )
}

#[cfg(test)]
mod tests;
