//! Proves what `whoami` tells. That it tells it of the right token is the validator's proof.

use identity::Scope;
use insta::assert_snapshot;

use super::*;
use crate::tools::tests::{assert_follows, registry};

fn bob() -> Principal {
    Principal {
        oid: "b0b0b0b0-0000-4000-8000-000000000001".into(),
        tid: "7e4a0000-0000-4000-8000-000000000001".into(),
        azp: "c11e0000-0000-4000-8000-000000000001".into(),
        uti: None,
        user: "bob@contoso.example".into(),
    }
}

#[track_caller]
fn told(
    principal: &Principal,
    is_user: bool,
    permissions: &[&str],
    check: impl Fn(&Tool) -> Result<(), PermissionRefusal>,
) -> Answer {
    let registry = registry();
    let tools = registry.within_reach(is_user).map(|tool| standing(tool, &registry, principal, check(tool))).collect();
    let permissions: Vec<_> = permissions.iter().map(|&name| name.to_owned()).collect();
    let identity = identity(principal, is_user, &permissions, tools);
    let answer = Answer::new(text(&identity), &identity);
    assert_follows(&answer.data(), &tool().output);
    answer
}

/// A user who holds `cost.read` only.
fn reader(tool: &Tool) -> Result<(), PermissionRefusal> {
    match tool.run {
        Run::User(scope, _) if scope != Scope::CostRead => Err(PermissionRefusal::MissingScope(scope)),
        _ => Ok(()),
    }
}

#[test]
fn a_user_learns_what_is_missing_and_how_to_get_it() {
    let answer = told(&bob(), true, &["cost.read"], reader);
    assert_snapshot!(answer.text, @r#"
    You are bob@contoso.example (user), object id b0b0b0b0-0000-4000-8000-000000000001, in tenant 7e4a0000-0000-4000-8000-000000000001, calling through client c11e0000-0000-4000-8000-000000000001. Permissions of this token: cost.read.

    | Tool                  | Callable | Missing     |
    | :-------------------- | :------- | :---------- |
    | cost_budgets          | yes      |             |
    | cost_by_service       | yes      |             |
    | cost_compare          | yes      |             |
    | cost_dimension_values | yes      |             |
    | cost_export           | no       | cost.export |
    | cost_forecast         | yes      |             |
    | cost_query            | yes      |             |
    | subscriptions_list    | yes      |             |
    | whoami                | yes      |             |

    - cost_export: Let the client sign in again for the scope api://7e4a0000-0000-4000-8000-000000000001/mcp-cost-server/cost.export; if that ends at "approval required", an administrator must consent to it.
    "#);
    assert_snapshot!(format!("{:#}", answer.data()), @r#"
    {
      "clientId": "c11e0000-0000-4000-8000-000000000001",
      "kind": "user",
      "name": "bob@contoso.example",
      "objectId": "b0b0b0b0-0000-4000-8000-000000000001",
      "permissions": [
        "cost.read"
      ],
      "tenantId": "7e4a0000-0000-4000-8000-000000000001",
      "tools": [
        {
          "callable": true,
          "tool": "cost_budgets"
        },
        {
          "callable": true,
          "tool": "cost_by_service"
        },
        {
          "callable": true,
          "tool": "cost_compare"
        },
        {
          "callable": true,
          "tool": "cost_dimension_values"
        },
        {
          "callable": false,
          "how": "Let the client sign in again for the scope api://7e4a0000-0000-4000-8000-000000000001/mcp-cost-server/cost.export; if that ends at \"approval required\", an administrator must consent to it.",
          "missing": "cost.export",
          "tool": "cost_export"
        },
        {
          "callable": true,
          "tool": "cost_forecast"
        },
        {
          "callable": true,
          "tool": "cost_query"
        },
        {
          "callable": true,
          "tool": "subscriptions_list"
        },
        {
          "callable": true,
          "tool": "whoami"
        }
      ]
    }
    "#);
}

#[test]
fn a_service_learns_what_its_roles_permit_and_nothing_of_tools_it_can_never_call() {
    let service = Principal { user: "5e4f1ce0-0000-4000-8000-000000000001".into(), ..bob() };
    let answer = told(&service, false, &["Diagnostics.Read"], |_| Ok(()));
    assert_snapshot!(answer.text, @"
    You are 5e4f1ce0-0000-4000-8000-000000000001 (service), object id b0b0b0b0-0000-4000-8000-000000000001, in tenant 7e4a0000-0000-4000-8000-000000000001, calling through client c11e0000-0000-4000-8000-000000000001. Permissions of this token: Diagnostics.Read.

    | Tool        | Callable | Missing |
    | :---------- | :------- | :------ |
    | diagnostics | yes      |         |
    | whoami      | yes      |         |
    ");
}

#[test]
fn a_service_without_the_role_is_given_the_command_that_assigns_it() {
    let service = Principal { user: "5e4f1ce0-0000-4000-8000-000000000001".into(), ..bob() };
    let answer = told(&service, false, &[], |tool| match tool.run {
        Run::App(role, _) => Err(PermissionRefusal::MissingRole(role)),
        _ => Ok(()),
    });
    let (_, table) = answer.text.split_once("\n\n").unwrap();
    assert_snapshot!(table, @r#"
    | Tool        | Callable | Missing          |
    | :---------- | :------- | :--------------- |
    | diagnostics | no       | Diagnostics.Read |
    | whoami      | yes      |                  |

    - diagnostics: Ask an administrator to assign the app role to this service, then get a new token: az rest --method post --url https://graph.microsoft.com/v1.0/servicePrincipals/b0b0b0b0-0000-4000-8000-000000000001/appRoleAssignments --body "{\"principalId\":\"b0b0b0b0-0000-4000-8000-000000000001\",\"resourceId\":\"$(az ad sp show --id 5e2fe200-0000-4000-8000-000000000001 --output tsv --query id)\",\"appRoleId\":\"$(az ad sp show --id 5e2fe200-0000-4000-8000-000000000001 --output tsv --query "appRoles[?value=='Diagnostics.Read'].id")\"}"
    "#);
    assert_eq!(answer.data()["tools"][0]["missing"], "Diagnostics.Read");
}

#[test]
fn a_hostile_name_is_shown_as_text() {
    let answer = told(&Principal { user: "[x](http://e)\n| a |".into(), ..bob() }, true, &["a|b"], reader);
    assert!(answer.text.starts_with(r"You are \[x\]\(http\://e\) \| a \| (user)"), "{}", answer.text);
    assert!(answer.text.contains(r"Permissions of this token: a\|b."), "{}", answer.text);
}
