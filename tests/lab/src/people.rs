//! Who and what is registered in the tenant.

/// A person of the tenant `contoso.example`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Person {
    /// `oid`: a GUID in lower case.
    pub object_id: String,
    /// What they sign in with.
    pub user_principal_name: String,
    /// What they are called.
    pub display_name: String,
}

/// The tenant.
pub const TENANT_ID: &str = "3f1d5c1e-7a0b-4d52-9c44-5b8c2f6e9a71";

/// The server's app registration: audience of the users' tokens, and the client of the exchange.
pub const SERVER_CLIENT_ID: &str = "8c0f6a52-41d7-4a3e-b9a5-07d2c4e81f36";

/// The object id of the server's service principal in the tenant.
pub const SERVER_OBJECT_ID: &str = "5d2e7f90-8b41-4c6a-9f03-e1a7b8c4d256";

/// The client application people use unless a test says otherwise.
pub const MCP_CLIENT_ID: &str = "d1b9a7c4-62e5-4f08-8d13-94f0a6b3c257";

/// The service that monitors the server, as itself.
pub const MONITOR_CLIENT_ID: &str = "b47e20d8-9c15-4e6b-a3f2-1d8a5c70e943";

/// The object id of the monitoring service in the tenant.
pub const MONITOR_OBJECT_ID: &str = "6e93c1f7-05b4-4c2d-8a6e-f27b1d409c85";

/// The object id of the host's system-assigned identity.
pub const SYSTEM_IDENTITY_OBJECT_ID: &str = "0a5d8e37-b1c6-49f2-9e70-c83f62d415ba";

/// The client id of the host's system-assigned identity.
pub const SYSTEM_IDENTITY_CLIENT_ID: &str = "e2c47b90-3d6f-4518-a0b7-59e1f8c6d324";

/// The object id of the host's user-assigned identity.
pub const USER_ASSIGNED_IDENTITY_OBJECT_ID: &str = "9b36f0c2-d7e1-4a85-b249-6c0d1e8f7a53";

/// The client id of the host's user-assigned identity.
pub const USER_ASSIGNED_IDENTITY_CLIENT_ID: &str = "47f8d5a1-2b9c-4e03-96d8-a1f4c7b0e562";

impl Person {
    pub(crate) fn alice() -> Self {
        Self {
            object_id: "c2a4e6f8-1b3d-4f57-8a9c-0e2d4b6f8a1c".to_owned(),
            user_principal_name: "alice@contoso.example".to_owned(),
            display_name: "Alice".to_owned(),
        }
    }

    pub(crate) fn bob() -> Self {
        Self {
            object_id: "71b3d5f9-8e6c-4a20-b1d4-f6a8c0e2d4b7".to_owned(),
            user_principal_name: "bob@contoso.example".to_owned(),
            display_name: "Bob".to_owned(),
        }
    }
}
