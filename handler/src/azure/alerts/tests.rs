//! Proves how alerts are read. Which of them a given agreement raises, only its tenant shows.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use proptest::prelude::*;

use super::*;

fn answer(status: u16, body: &str) -> Result<(Vec<Alert>, Option<String>), CostError> {
    let status = StatusCode::from_u16(status).unwrap();
    let response = ArmResponse { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) };
    read(&response, UnixTime(0))
}

fn one(properties: &str) -> Result<Alert, CostError> {
    answer(200, &format!(r#"{{"value":[{{"name":"a","properties":{properties}}}]}}"#)).map(|(mut all, _)| all.remove(0))
}

#[test]
fn an_alert_is_read_without_whom_azure_wrote_to() {
    let body = r#"{"value":[{"id":"/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/rg-shop/providers/Microsoft.CostManagement/alerts/1c9a",
        "name":"1c9a4e70","type":"Microsoft.CostManagement/alerts",
        "properties":{"definition":{"type":"Budget","category":"Cost","criteria":"CostThresholdExceeded"},
          "description":"Call bob@contoso.example","source":"Preset",
          "details":{"timeGrainType":"Quarterly","periodStartDate":"2026-10-01T00:00:00Z","threshold":0.8,"operator":"GreaterThan",
            "amount":200000.0,"unit":"EUR","currentSpend":161000.120000000003,"contactEmails":["alice@contoso.example"],
            "contactRoles":["Owner"],"contactGroups":[],"overridingAlert":null},
          "costEntityId":"shop","status":"Active","creationTime":"2026-11-20T11:07:52.7143901Z",
          "closeTime":"0001-01-01T00:00:00","statusModificationUserName":"bob@contoso.example"}}],"nextLink":null}"#;
    let alert = answer(200, body).unwrap().0.remove(0);
    let everything = format!("{alert:?}");
    assert!(!everything.contains('@') && !everything.contains("Owner"), "{everything}");
    assert_eq!((alert.kind, alert.status), (Name::new("Budget"), Name::new("Active")));
    assert_eq!((alert.budget, alert.resource_group), (Some(Name::new("shop")), Some(Name::new("rg-shop"))));
    assert_eq!(alert.threshold, Percent::of_fraction("0.8"));
    assert_eq!(alert.amount.unwrap().exact(), "200000");
    assert_eq!(alert.spend.unwrap().exact(), "161000.120000000003");
    assert_eq!(alert.created, "2026-11-20".parse().ok());
}

#[test]
fn what_is_missing_is_absent() {
    let alert =
        one(r#"{"definition":{"type":"General"},"costEntityId":"","creationTime":"0001-01-01T00:00:00"}"#).unwrap();
    assert_eq!((alert.budget, alert.created, alert.threshold, alert.amount), (None, None, None, None));
    assert_eq!(alert.status.as_str(), "None");
    let quota =
        r#"{"definition":{"type":"Quota"},"details":{"amount":10,"currentSpend":9,"unit":"Cores","threshold":null}}"#;
    assert_eq!(one(quota).unwrap().amount, None, "a quota is no money");
}

#[test]
fn a_budget_may_be_named_by_its_resource_id() {
    let id = "/subscriptions/x/providers/Microsoft.CostManagement/budgets/shop";
    let alert = one(&format!(r#"{{"definition":{{"type":"Budget"}},"costEntityId":"{id}"}}"#)).unwrap();
    assert_eq!(alert.budget, Some(Name::new("shop")));
}

#[test]
fn an_answer_of_another_shape_is_an_error() {
    for (properties, complaint) in [
        ("{}", "properties of another shape"),
        (r#"{"definition":{}}"#, "properties of another shape"),
        (r#"{"definition":{"type":"Budget"},"details":[7]}"#, "properties of another shape"),
        (r#"{"definition":{"type":"Budget"},"creationTime":"soon"}"#, "a date that is none"),
        (r#"{"definition":{"type":"Budget"},"details":{"threshold":"0.8"}}"#, "a threshold that is no number"),
        (
            r#"{"definition":{"type":"Budget"},"details":{"amount":1e30,"unit":"EUR"}}"#,
            "an amount that is no number, or no sensible one",
        ),
    ] {
        assert_eq!(one(properties), Err(CostError::BadAnswer(complaint)), "{properties}");
    }
    assert_eq!(answer(204, ""), Ok((vec![], None)));
}

proptest! {
    #[test]
    fn no_answer_makes_it_panic(body in "[\\[\\]{}\",:a-z0-9eE.\\-]{0,80}", value in ".{0,30}") {
        let _ = answer(200, &body);
        let _ = answer(200, &format!(r#"{{"value":[{{"name":"a","properties":{{"definition":{value}}}}}]}}"#));
    }
}
