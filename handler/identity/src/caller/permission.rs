//! What a caller may use. A grant is the proof that the check was made, and the only way on.

use super::{Caller, CallerKind};

/// A delegated permission of this server, held by users through a client (`scp`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Read costs on screen.
    CostRead,
    /// Take costs away as a file.
    CostExport,
}

/// An application permission of this server, held by services (`roles` of an app-only token).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AppRole {
    /// Read this instance's health for monitoring.
    DiagnosticsRead,
}

/// Proof that this user's token holds the tool's scope. Made only by [`Caller::as_user`].
///
/// Neither `Clone` nor `Copy`: one check, one grant, one call.
pub struct UserGrant<'caller> {
    caller: &'caller Caller,
    scope: Scope,
}

/// Proof that this service's token holds the tool's app role. Made only by [`Caller::as_app`]. It can't be exchanged.
pub struct AppGrant<'caller> {
    caller: &'caller Caller,
    role: AppRole,
}

/// Why a valid caller may not use a tool.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PermissionRefusal {
    /// The user's client did not ask for the scope, or nobody consented to it. The client must sign in again for it.
    #[error("missing_scope:{}", .0.name())]
    MissingScope(Scope),
    /// The service was not assigned the app role. An administrator must assign it.
    #[error("missing_role:{}", .0.name())]
    MissingRole(AppRole),
    /// The tool reads Azure as a person; a service calling as itself has none to be.
    #[error("user_token_required")]
    UserTokenRequired,
    /// The tool is for services; a person's token never holds an app role of this server.
    #[error("app_token_required")]
    AppTokenRequired,
}

impl Scope {
    /// Every scope of this server.
    pub const ALL: [Self; 2] = [Self::CostRead, Self::CostExport];

    /// The name in `scp`, and after the application id URI in a challenge.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CostRead => "cost.read",
            Self::CostExport => "cost.export",
        }
    }
}

impl AppRole {
    /// Every app role of this server.
    pub const ALL: [Self; 1] = [Self::DiagnosticsRead];

    /// The value in `roles`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DiagnosticsRead => "Diagnostics.Read",
        }
    }
}

impl Caller {
    /// Checks that this is a user whose token holds `scope`.
    pub fn as_user(&self, scope: Scope) -> Result<UserGrant<'_>, PermissionRefusal> {
        match &self.kind {
            CallerKind::User { .. } if self.has_scope(scope) => Ok(UserGrant { caller: self, scope }),
            CallerKind::User { .. } => Err(PermissionRefusal::MissingScope(scope)),
            CallerKind::App { .. } => Err(PermissionRefusal::UserTokenRequired),
        }
    }

    /// Checks that this is a service whose token holds `role`.
    pub fn as_app(&self, role: AppRole) -> Result<AppGrant<'_>, PermissionRefusal> {
        match &self.kind {
            CallerKind::App { .. } if self.has_role(role) => Ok(AppGrant { caller: self, role }),
            CallerKind::App { .. } => Err(PermissionRefusal::MissingRole(role)),
            CallerKind::User { .. } => Err(PermissionRefusal::AppTokenRequired),
        }
    }

    /// Whether this is a user whose token holds `scope`: the whole name, case-sensitive. Tells, but grants nothing.
    #[must_use]
    pub fn has_scope(&self, scope: Scope) -> bool {
        matches!(&self.kind, CallerKind::User { scopes } if scopes.iter().any(|held| held == scope.name()))
    }

    /// Whether this is a service whose token holds `role`: the whole value, case-sensitive. Tells, but grants nothing.
    #[must_use]
    pub fn has_role(&self, role: AppRole) -> bool {
        matches!(&self.kind, CallerKind::App { roles } if roles.iter().any(|held| held == role.name()))
    }
}

impl<'caller> UserGrant<'caller> {
    /// Who was granted.
    #[must_use]
    pub fn caller(&self) -> &'caller Caller {
        self.caller
    }

    /// What was granted.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.scope
    }
}

impl<'caller> AppGrant<'caller> {
    /// Who was granted.
    #[must_use]
    pub fn caller(&self) -> &'caller Caller {
        self.caller
    }

    /// What was granted.
    #[must_use]
    pub fn role(&self) -> AppRole {
        self.role
    }
}

#[cfg(test)]
mod tests;
