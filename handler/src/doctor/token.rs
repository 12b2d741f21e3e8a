//! Verdicts on a caller's token: first what it says of itself, then whether this server accepts it.

use identity::{
    AppRole, Caller, Scope, TokenRefusal,
    caller::{Audience, Kind, Lifetime, Permissions, TokenOutline, Version},
};

use super::{
    commands::Commands,
    finding::{Check, Finding},
};

/// One finding for each thing a token says; a single one if it is no token.
pub(super) fn explained(commands: &Commands<'_>, outline: Option<&TokenOutline>) -> Vec<Finding> {
    let Some(outline) = outline else {
        let not_a_token = Finding::failed(Check::TokenKind, "this is no signed JWT")
            .fix(format!("send an access token as it was issued: {}", commands.sign_in(Scope::CostRead)));
        return vec![not_a_token];
    };
    vec![
        version(commands, outline.version, outline.audience),
        audience(commands, outline.audience),
        tenant(commands, outline.is_of_this_tenant),
        lifetime(commands, outline.lifetime),
        kind(commands, outline.kind),
        permissions(commands, outline.kind, &outline.permissions),
    ]
}

pub(super) fn accepted(judged: Option<&Result<Caller, TokenRefusal>>) -> Finding {
    match judged {
        None => Finding::too_slow(Check::TokenAccepted),
        Some(Ok(_)) => Finding::ok(Check::TokenAccepted, "this server accepts it"),
        Some(Err(refusal)) => {
            let told = Finding::told(Check::TokenAccepted, &refusal.to_string());
            Finding { detail: format!("refused, {}: {}", refusal.reason(), told.detail), ..told }
        }
    }
}

fn version(commands: &Commands<'_>, version: Version, audience: Audience) -> Finding {
    let is_ours = matches!(audience, Audience::ThisServer | Audience::ApplicationIdUri);
    match version {
        Version::Two => Finding::ok(Check::TokenVersion, "2.0"),
        Version::One if is_ours => Finding::failed(
            Check::TokenVersion,
            "1.0, and only 2.0 is accepted: this server's registration decides it, whichever endpoint a client uses",
        )
        .fix(commands.ask_for_version_2()),
        Version::One => Finding::failed(Check::TokenVersion, "1.0, as the API it is for wants it"),
        Version::Unknown => Finding::failed(Check::TokenVersion, "neither 1.0 nor 2.0"),
    }
}

fn audience(commands: &Commands<'_>, audience: Audience) -> Finding {
    let client = commands.settings.client;
    let ask_for = || format!("ask for this server's scope by its full name: {}", commands.sign_in(Scope::CostRead));
    let wrong = |what: String| Finding::failed(Check::TokenAudience, what).fix(ask_for());
    match audience {
        Audience::ThisServer => Finding::ok(Check::TokenAudience, "this server's client id"),
        Audience::ApplicationIdUri => Finding::failed(
            Check::TokenAudience,
            format!("APP_ID_URI, as in version 1.0; in version 2.0 it is always the client id {client}"),
        )
        .fix(commands.ask_for_version_2()),
        Audience::MicrosoftGraph => wrong(
            "Microsoft Graph: the client asked for a scope of Graph, or for one without this server's prefix"
                .to_owned(),
        ),
        Audience::ResourceManager => {
            wrong("Azure Resource Manager itself: such a token is never sent to this server".to_owned())
        }
        Audience::Other => {
            wrong(format!("another API; or AZURE_CLIENT_ID ({client}) is not this server's registration"))
        }
    }
}

fn tenant(commands: &Commands<'_>, is_this: bool) -> Finding {
    let tenant = commands.settings.authority.tenant();
    if is_this {
        return Finding::ok(Check::TokenTenant, "AZURE_TENANT_ID");
    }
    Finding::failed(Check::TokenTenant, format!("not AZURE_TENANT_ID ({tenant}), the only one accepted"))
        .fix(format!("sign in to that tenant, as a guest if need be: az login --tenant {tenant}"))
}

fn lifetime(commands: &Commands<'_>, lifetime: Lifetime) -> Finding {
    match lifetime {
        Lifetime::Left(seconds) => Finding::ok(Check::TokenLifetime, format!("{} minutes left", seconds / 60)),
        Lifetime::Ended(seconds) => {
            Finding::failed(Check::TokenLifetime, format!("ended {} minutes ago", seconds / 60))
                .fix(format!("renew it: {}", commands.sign_in(Scope::CostRead)))
        }
        Lifetime::Begins(seconds) => {
            Finding::failed(Check::TokenLifetime, format!("begins in {} minutes", seconds.div_ceil(60)))
                .fix("set this machine's clock: timedatectl set-ntp true")
        }
        Lifetime::Unknown => Finding::failed(Check::TokenLifetime, "not told: exp or nbf is missing"),
    }
}

fn kind(commands: &Commands<'_>, kind: Kind) -> Finding {
    match kind {
        Kind::User => Finding::ok(Check::TokenKind, "a person's"),
        Kind::Service => Finding::ok(
            Check::TokenKind,
            "a service's own: it can't be exchanged (AADSTS7000114), so no tool that reads Azure is for it",
        ),
        Kind::IdToken => Finding::failed(Check::TokenKind, "an ID token, which opens nothing")
            .fix(format!("send the access token: {}", commands.sign_in(Scope::CostRead))),
        Kind::Unknown => Finding::failed(
            Check::TokenKind,
            "neither a person's (scp) nor a service's (idtyp is app): the optional claim idtyp may be missing",
        )
        .fix(commands.add_optional_claims()),
    }
}

fn permissions(commands: &Commands<'_>, kind: Kind, permissions: &Permissions) -> Finding {
    match kind {
        Kind::User => scopes(commands, permissions),
        Kind::Service => roles(permissions),
        Kind::IdToken | Kind::Unknown => Finding::not_checked(Check::TokenPermissions, "it is no access token"),
    }
}

fn scopes(commands: &Commands<'_>, permissions: &Permissions) -> Finding {
    let held: Vec<_> = permissions.scopes.iter().map(|scope| scope.name()).collect();
    let Some(missing) = Scope::ALL.into_iter().find(|scope| !permissions.scopes.contains(scope)) else {
        return Finding::ok(Check::TokenPermissions, held.join(", "));
    };
    let fix = format!(
        "let the client sign in for {}; if nobody has consented to it: az ad app permission grant --id <client id of the \
         client> --api {} --scope {}",
        commands.full_scope(missing),
        commands.settings.client,
        missing.name()
    );
    let error = format!("its tools answer missing_scope:{}", missing.name());
    if !held.is_empty() {
        return Finding::warning(
            Check::TokenPermissions,
            format!("{}, but not {}: {error}", held.join(", "), missing.name()),
        )
        .fix(fix);
    }
    let why = match (permissions.misspelt.is_empty(), permissions.others) {
        (false, _) => "scp names this server's scope in another case, and case counts",
        (true, 0) => "scp is empty",
        (true, _) => "scp is there, but names no scope of this server",
    };
    Finding::failed(Check::TokenPermissions, format!("{why}: {error}")).fix(fix)
}

fn roles(permissions: &Permissions) -> Finding {
    let Some(missing) = AppRole::ALL.into_iter().find(|role| !permissions.roles.contains(role)) else {
        let held: Vec<_> = permissions.roles.iter().map(|role| role.name()).collect();
        return Finding::ok(Check::TokenPermissions, held.join(", "));
    };
    Finding::warning(Check::TokenPermissions, format!("not {}: its tools answer missing_role:{0}", missing.name()))
        .fix(format!("assign the app role {} to the service in this server's enterprise application", missing.name()))
}
