//! A grant comes from the permission check only.

use identity::{AppGrant, AppRole, Caller, Scope, UserGrant};

fn forge(caller: &Caller) {
    let _ = UserGrant { caller, scope: Scope::CostRead }; //~ E0451
    let _ = AppGrant { caller, role: AppRole::DiagnosticsRead }; //~ E0451
}

fn main() {}
