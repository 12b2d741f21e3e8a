//! The second query, for what is behind the largest change.

use insta::assert_snapshot;

use super::*;
use crate::tools::cost_compare::drill_down::unanswered;

const MACHINE: &str = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/rg-shop/providers/Microsoft.Compute/virtualMachines/vm-1";

#[test]
fn a_drill_down_takes_the_largest_change_apart() {
    let given = json!({ "drillDown": "true", "filters": { "by": "tag:env", "values": ["prod"] } });
    let asked = question(given.clone());
    let compared = asked.compared(costs(october()), NOW).unwrap();
    let query = asked.target(&compared).unwrap().query;
    assert_eq!((query.period, query.granularity), (asked.query.period, asked.query.granularity));
    assert_eq!(query.group_by, [Dimension::ResourceId, Dimension::Meter].map(Grouping::Dimension));
    let filters = serde_json::to_string(&query.filters).unwrap();
    assert_snapshot!(filters, @r#"[{"by":"tag:env","values":["prod"]},{"by":"ServiceName","values":["Virtual Machines"]}]"#);

    let behind = vec![
        line("2026-09-01", &[MACHINE, "D4s v5"], "1641.288430275512", "EUR"),
        line("2026-10-01", &[MACHINE, "D8s v5"], "1842.118430275512", "EUR"),
        line("2026-10-01", &["Unassigned", "Reservation"], "500", "EUR"),
        line("2026-10-01", &["Unassigned", "Reservation"], "500", "USD"),
    ];
    let answer = drilled(given, october(), behind);
    let (_, part) = answer.text.split_once("Behind").unwrap();
    assert_snapshot!(part, @"
     the change of Virtual Machines:

    | Resource   | Meter       | Base (EUR) | Current (EUR) |   Change |       % |            |
    | :--------- | :---------- | ---------: | ------------: | -------: | ------: | :--------- |
    | rg-shop/providers/Microsoft.Compute/virtualMachines/vm-1 | D8s v5      |       0.00 |       1842.12 | +1842.12 |     new | ██████████ |
    | rg-shop/providers/Microsoft.Compute/virtualMachines/vm-1 | D4s v5      |    1641.29 |          0.00 | -1641.29 | removed | █████████░ |
    | Unassigned | Reservation |       0.00 |        500.00 |  +500.00 |     new | ███░░░░░░░ |

    - The drill-down took a second query.
    - The base has 30 days, this period 31; the change per day is +31.1 % (EUR).
    - Azure's charge type does not tell whether a purchase will recur.
    - Tax, support plans and credits are not included.
    ");
    assert_eq!(answer.data()["drillDown"]["addsUp"], true);
}

#[test]
fn a_drill_down_that_does_not_add_up_or_finds_nothing_says_so() {
    let lines = || months(&[("Storage", "1", "3")]);
    let other = vec![line("2026-10-01", &[MACHINE, "LRS"], "1", "EUR")];
    let answer = drilled(json!({ "drillDown": true }), lines(), other);
    assert_eq!(
        answer.data()["notes"][0],
        "The drill-down took a second query, and its parts do not add up to the change they are behind."
    );
    let answer = drilled(json!({ "drillDown": true }), lines(), vec![]);
    assert_eq!(answer.data()["notes"][0], "There is no drill-down: Azure finds no costs under that name.");
    assert!(answer.data().get("drillDown").is_none());
    let throttled = unanswered(&CostError::Throttled { retry_after: Duration::from_secs(42) });
    assert_snapshot!(throttled, @"There is no drill-down: Azure limits cost queries; ask for it again in 42 seconds.");
}

#[test]
fn a_drill_down_is_made_only_where_it_was_asked_for_and_something_changed() {
    let target = |given, lines| {
        let question = question(given);
        let compared = question.compared(costs(lines), NOW).unwrap();
        question.target(&compared).map(|target| target.query.group_by)
    };
    let changed = || months(&[("Storage", "1", "3")]);
    assert_eq!(target(json!({}), changed()), None);
    assert_eq!(target(json!({ "drillDown": false }), changed()), None);
    assert_eq!(target(json!({ "drillDown": true }), months(&[("Storage", "1", "1.0")])), None);
    let of = |dimensions: &[Dimension]| Some(dimensions.iter().copied().map(Grouping::Dimension).collect::<Vec<_>>());
    let group = json!({ "drillDown": true, "managementGroupId": "contoso" });
    assert_eq!(target(group, changed()), of(&[Dimension::SubscriptionName, Dimension::Meter]));
    let by_resource = json!({ "drillDown": true, "groupBy": "ResourceId" });
    assert_eq!(target(by_resource, changed()), of(&[Dimension::Meter]));
}
