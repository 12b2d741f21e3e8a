//! Cause and fix of what only the operator can repair, for the log and for `handler doctor`.
//!
//! Source: "Microsoft Entra authentication and authorization error codes". The numbers choose words here, nothing else:
//! they may change.

/// What is wrong, and how it is put right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What is wrong.
    pub cause: &'static str,
    /// What to do about it. Names in angle brackets stand for the operator's own settings.
    pub fix: &'static str,
}

const UPLOAD_CERTIFICATE: &str = "register the certificate that this server uses: az ad app credential reset --id \
                                  <AZURE_CLIENT_ID> --append --cert @<certificate.pem>, or --keyvault <vault> --cert \
                                  <OBO_CERTIFICATE_NAME>";
const CHECK_TRUST: &str = "compare issuer, subject (the principal id of the identity OBO_FEDERATED_IDENTITY_CLIENT_ID, \
                           case-sensitive) and audience: az ad app federated-credential list --id <AZURE_CLIENT_ID>";
const CHECK_RESOURCE: &str =
    "check AZURE_RESOURCE_MANAGER_URL: it must be Resource Manager's address in the cloud of AZURE_AUTHORITY_HOST";
const GRANT_RESOURCE: &str = "add Azure Service Management / user_impersonation: az ad app permission add --id \
                              <AZURE_CLIENT_ID> --api 797f4846-ba00-4fd7-ba43-dac1f8f63013 --api-permissions \
                              41094075-9dad-400e-a0bd-54e686782033=Scope";
const REPORT: &str = "look the code up at https://login.microsoftonline.com/error, and the correlation id in the \
                      sign-in log of Microsoft Entra ID";

/// The advice for the first of the AADSTS numbers that has one; else where to look. Entra may put a general number, such
/// as 70002, before the one that says what is wrong.
#[must_use]
pub fn of(codes: &[u32]) -> Advice {
    let unknown = Advice { cause: "Entra refused for a reason that this server does not know", fix: REPORT };
    codes.iter().find_map(|&code| known(code)).unwrap_or(unknown)
}

fn known(code: u32) -> Option<Advice> {
    let (cause, fix) = match code {
        // the credential
        700_027 => {
            ("the certificate that signed is not registered, or the signature does not verify", UPLOAD_CERTIFICATE)
        }
        700_024 => (
            "the client assertion is outside its validity",
            "correct this machine's clock; an assertion lives ten minutes",
        ),
        1_000_502 => ("the certificate has expired", UPLOAD_CERTIFICATE),
        7_000_214 | 7_000_274 | 7_000_277 => ("Entra does not accept the certificate", UPLOAD_CERTIFICATE),
        7_000_215 | 7_000_222 => ("the registration's credential is invalid or has expired", UPLOAD_CERTIFICATE),
        7_000_218 | 700_025 => (
            "the registration is a public client, which has no credential",
            "use the registration of the server, not of a client: AZURE_CLIENT_ID",
        ),
        100_007 | 700_030 => (
            "subject name and issuer authentication is not enabled for this registration",
            "register the certificate itself instead of its issuer",
        ),
        50012 => (
            "the certificate is not authorised, or the signature of the client assertion does not verify",
            UPLOAD_CERTIFICATE,
        ),
        50048 => (
            "issuer and subject of the client assertion do not match the registration",
            "check AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_AUTHORITY_HOST",
        ),
        700_211 | 700_212 | 700_213 | 7_002_206 | 700_229 => {
            ("the registration does not trust the managed identity's token", CHECK_TRUST)
        }
        // the registration
        700_016 => (
            "no such registration in this tenant",
            "check AZURE_CLIENT_ID and AZURE_TENANT_ID: az ad app show --id <AZURE_CLIENT_ID>",
        ),
        90002 => (
            "no such tenant in this cloud",
            "check AZURE_TENANT_ID and AZURE_AUTHORITY_HOST: az account show --query tenantId",
        ),
        7_000_112 => ("the registration is disabled", "enable it: its enterprise application, Properties"),
        500_131 => (
            "the caller's token is for another application than the one that exchanges it",
            "AZURE_CLIENT_ID must be the audience of the callers' tokens",
        ),
        50013 => (
            "Entra does not accept the caller's token as an assertion",
            "set api.requestedAccessTokenVersion to 2, and do not use custom signing keys (claims mapping)",
        ),
        50027 => ("the caller's token is malformed or of the wrong kind", "set api.requestedAccessTokenVersion to 2"),
        7_000_114 => {
            ("a service's own token reached the exchange, which is for users", "report this as a bug of this server")
        }
        // the resource
        65005 | 650_056 | 650_057 => ("the registration does not ask for Azure Resource Manager", GRANT_RESOURCE),
        500_011 | 50001 | 500_014 => ("no such resource in this tenant", CHECK_RESOURCE),
        70011 | 28002 | 700_022 | 700_023 => ("the requested scope is invalid", CHECK_RESOURCE),
        // the request
        900_144 | 9_002_313 | 900_023 => {
            ("Entra can't read the request", "check AZURE_TENANT_ID; otherwise report this as a bug of this server")
        }
        _ => return None,
    };
    Some(Advice { cause, fix })
}

#[cfg(test)]
mod tests {
    //! Proves that each known code has its own words.

    use super::*;

    #[test]
    fn known_codes_have_a_fix_and_unknown_ones_say_where_to_look() {
        let table: &[(&[u32], &str)] = &[
            (&[700_027, 1_000_502, 7_000_214, 7_000_274, 7_000_277], UPLOAD_CERTIFICATE),
            (&[7_000_215, 7_000_222, 50012], UPLOAD_CERTIFICATE),
            (&[700_024], "correct this machine's clock; an assertion lives ten minutes"),
            (&[7_000_218, 700_025], "use the registration of the server, not of a client: AZURE_CLIENT_ID"),
            (&[100_007, 700_030], "register the certificate itself instead of its issuer"),
            (&[50048], "check AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_AUTHORITY_HOST"),
            (&[700_211, 700_212, 700_213, 7_002_206, 700_229], CHECK_TRUST),
            (&[700_016], "check AZURE_CLIENT_ID and AZURE_TENANT_ID: az ad app show --id <AZURE_CLIENT_ID>"),
            (&[90002], "check AZURE_TENANT_ID and AZURE_AUTHORITY_HOST: az account show --query tenantId"),
            (&[7_000_112], "enable it: its enterprise application, Properties"),
            (&[500_131], "AZURE_CLIENT_ID must be the audience of the callers' tokens"),
            (&[50013], "set api.requestedAccessTokenVersion to 2, and do not use custom signing keys (claims mapping)"),
            (&[50027], "set api.requestedAccessTokenVersion to 2"),
            (&[7_000_114], "report this as a bug of this server"),
            (&[65005, 650_056, 650_057], GRANT_RESOURCE),
            (&[500_011, 50001, 500_014, 70011, 28002, 700_022, 700_023], CHECK_RESOURCE),
            (&[900_144, 9_002_313, 900_023], "check AZURE_TENANT_ID; otherwise report this as a bug of this server"),
        ];
        for (codes, fix) in table {
            for &code in *codes {
                assert_eq!(of(&[code]).fix, *fix, "{code}");
            }
        }
        assert_eq!(of(&[424_242]).fix, REPORT);
        assert_eq!(of(&[]).fix, REPORT);
        assert_eq!(of(&[70002, 50012]), of(&[50012]), "the first that is known");
    }
}
