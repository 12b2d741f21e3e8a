//! A grant comes from the permission check only.

use identity::{AppGrant, AppRole, Caller, Scope, UserGrant};

fn forge(caller: &Caller) {
    let _ = UserGrant { caller, scope: Scope::CostRead };
    let _ = AppGrant { caller, role: AppRole::DiagnosticsRead };
}

fn main() {}
