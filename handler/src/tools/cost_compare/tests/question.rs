//! What may be asked, and what Azure is then asked.

use insta::assert_snapshot;

use super::*;
use crate::azure::Granularity;

#[test]
fn both_periods_are_one_query() {
    let whole = question(json!({ "groupBy": "resource group" })).query;
    assert_eq!(
        (whole.period.from().to_string(), whole.period.to().to_string()),
        ("2026-09-01".into(), "2026-10-31".into())
    );
    assert_eq!(whole.granularity, Granularity::Monthly);
    assert_eq!(whole.group_by, [Grouping::Dimension(Dimension::ResourceGroupName), CHARGE_TYPE]);
    let open = question(json!({ "period": "thisMonth", "groupBy": ["ChargeType"] })).query;
    assert_eq!(
        (open.period.from().to_string(), open.period.to().to_string()),
        ("2026-10-01".into(), "2026-11-19".into())
    );
    assert_eq!((open.granularity, open.group_by), (Granularity::Daily, vec![CHARGE_TYPE]));
}

#[test]
fn its_own_arguments_explain_themselves() {
    let own = [schema::part::<PeriodArguments>(), schema::part::<Arguments>()];
    let said = |part: &Value| {
        let properties = part["properties"].as_object().unwrap();
        let line = |(name, schema): (&String, &Value)| {
            format!("{name} ({}, {}): {}\n", schema["type"], schema["examples"][0], schema["description"])
        };
        properties.iter().map(line).collect::<String>()
    };
    assert_snapshot!(own.iter().map(said).collect::<String>().replace('"', ""), @"
    baseFrom (string, 2026-09-01): First day of what it is compared with, inclusive, as YYYY-MM-DD (UTC). Goes with baseTo. From the first day of one period to the last of the other are at most 364 days.
    basePeriod (string, lastMonth): What it is compared with, instead of baseFrom and baseTo. Default: the period before, of the same length; whole months are compared with whole months.
    baseTo (string, 2026-09-30): Last day of what it is compared with, inclusive, as YYYY-MM-DD (UTC). Goes with baseFrom.
    from (string, 2026-10-01): First day of the period to explain, inclusive, as YYYY-MM-DD (UTC). Default: the first of the month of `to`.
    period (string, lastMonth): The period to explain, instead of from and to. last3Months are whole months. Default: lastMonth.
    to (string, 2026-10-31): Last day of the period to explain, inclusive, as YYYY-MM-DD (UTC). Default: today. A period that is still open is compared up to its last closed day, three days ago.
    drillDown (boolean, true): Also shows which resources and meters are behind the largest change (at a management group: which subscriptions and meters). Takes a second query. Default: false.
    groupBy (string, ServiceName): What the change is broken down by: ServiceName (the default), ResourceGroupName, ResourceId, ResourceType, ResourceLocation, MeterCategory, MeterSubcategory, Meter, ChargeType, PublisherType, PricingModel, SubscriptionId, SubscriptionName, or tag:<key>. Just one; no ResourceId at a management group.
    top (integer, 20): How many to show one by one, 1 to 50; the rest is summed up. Default: 20.
    ");
}

#[test]
fn arguments_of_the_right_form_are_read() {
    for given in [
        json!({ "period": "last month", "basePeriod": null, "drillDown": "false", "top": 50 }),
        json!({ "from": "2026-10-01T00:00:00Z", "to": "2026-10-31", "baseFrom": "2025-12-01", "baseTo": "2025-12-31" }),
        json!({ "groupBy": "[\"tag:team\"]", "metric": "AmortizedCost" }),
        json!({ "groupBy": ["Resource Group"], "resourceGroup": "rg-shop" }),
    ] {
        assert!(read(given.clone()).is_ok(), "{given}");
    }
}

#[test]
fn a_wrong_argument_is_named_with_an_example_of_the_right_form() {
    let complaint = |given| {
        let BadArgument { sentence, how } = read(given).err().unwrap();
        format!("{sentence} {how}")
    };
    assert_snapshot!(complaint(json!({ "groupBy": "Shoes" })), @r#"Argument `groupBy` is not valid. What the change is broken down by: ServiceName (the default), ResourceGroupName, ResourceId, ResourceType, ResourceLocation, MeterCategory, MeterSubcategory, Meter, ChargeType, PublisherType, PricingModel, SubscriptionId, SubscriptionName, or tag:<key>. Just one; no ResourceId at a management group. For example: `{"groupBy":"ServiceName"}`."#);
    assert_snapshot!(complaint(json!({ "groupBy": ["Meter", "ServiceName"] })), @r#"Argument `groupBy` takes one grouping. Give one dimension or tag. For example: `{"groupBy":"ResourceGroupName"}`."#);
    assert_snapshot!(complaint(json!({ "groupBy": "ResourceId", "managementGroupId": "contoso" })), @r#"Azure does not group the costs of a management group by `ResourceId`. Give one dimension or tag. For example: `{"groupBy":"ResourceGroupName"}`."#);
    assert_snapshot!(complaint(json!({ "baseFrom": "September", "baseTo": "2026-09-30" })), @r#"Argument `baseFrom` is not valid. First day of what it is compared with, inclusive, as YYYY-MM-DD (UTC). Goes with baseTo. From the first day of one period to the last of the other are at most 364 days. For example: `{"baseFrom":"2026-09-01"}`."#);
    assert_snapshot!(complaint(json!({ "basePeriod": "lastYear" })), @r#"Argument `basePeriod` is not valid. What it is compared with, instead of baseFrom and baseTo. Default: the period before, of the same length; whole months are compared with whole months. For example: `{"basePeriod":"lastMonth"}`."#);
    assert_snapshot!(complaint(json!({ "baseFrom": "2025-10-01", "baseTo": "2025-10-31" })), @r#"Both periods are asked for in one query. The period 2025-10-01 to 2026-10-31 has 396 days; at most 364 are possible. Ask for a shorter one. Give each period by its name, or by its first and last day. For example: `{"from":"2026-10-01","to":"2026-10-31","baseFrom":"2026-09-01","baseTo":"2026-09-30"}`."#);
    assert_snapshot!(complaint(json!({ "drillDown": "deep" })), @r#"Argument `drillDown` is not valid. Also shows which resources and meters are behind the largest change (at a management group: which subscriptions and meters). Takes a second query. Default: false. For example: `{"drillDown":true}`."#);
}
