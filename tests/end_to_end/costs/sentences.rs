//! What can't be answered has a sentence of its own, and says what to do. The sentences are ours; which code Azure has for
//! what, is known from its documents and from recorded answers.

use insta::assert_snapshot;
use lab::resource_manager::{Agreement, CONTOSO_GROUP, CostRow, SHOP_PROD, SPONSORED};
use serde_json::{Value, json};
use time::Duration;

use super::tenant::{Tenant, today};

/// Without the correlation id, and without moments and days, which change.
fn masked(text: &str) -> String {
    let mut masked = String::new();
    for word in text.split_inclusive(char::is_whitespace) {
        let core = word.trim_matches(|character: char| !character.is_ascii_alphanumeric());
        let is_id = core.len() == 36 && core.matches('-').count() == 4 && core != SHOP_PROD && core != SPONSORED;
        let is_moment = core.starts_with("20") && core.matches('-').count() == 2;
        let mask = if is_id {
            "(id)"
        } else if is_moment {
            "(moment)"
        } else {
            core
        };
        masked.push_str(&if core.is_empty() { word.to_owned() } else { word.replace(core, mask) });
    }
    masked
}

fn subject() -> Value {
    json!({ "subscriptionId": SHOP_PROD })
}

async fn refusal(tenant: &Tenant, tool: &str, arguments: Value) -> String {
    masked(&tenant.refusal(&tenant.alice, tool, arguments).await)
}

#[tokio::test]
async fn a_dimension_that_azure_does_not_know_there() {
    let tenant = Tenant::start().await;
    let arguments = json!({ "managementGroupId": CONTOSO_GROUP, "groupBy": "ResourceId" });
    assert_snapshot!(refusal(&tenant, "cost_export", arguments).await, @r#"
    Argument `groupBy`: Azure tells resources apart within a subscription only.
    Ask for one subscription or resource group, or group by something else. For example: `{"groupBy":["SubscriptionName","ResourceGroupName"]}`.
    Correlation id: (id)
    "#);
    let filters = json!([{ "by": "ResourceId", "values": ["vm-1"] }]);
    let arguments = json!({ "managementGroupId": CONTOSO_GROUP, "filters": filters });
    assert_snapshot!(refusal(&tenant, "cost_by_service", arguments).await, @"
    400: Azure does not know that dimension for management group contoso
    Its agreement has these: 'ResourceGroupName','ResourceType','ResourceLocation','SubscriptionId','SubscriptionName','MeterCategory','MeterSubcategory','Meter','ServiceName','PublisherType','PricingModel','ChargeType'. Ask for one of them.
    Correlation id: (id)
    ");
    let arguments = json!({ "subscriptionId": SHOP_PROD, "groupBy": "Colour" });
    assert_snapshot!(refusal(&tenant, "cost_export", arguments).await, @r#"
    Argument `groupBy` is not valid.
    What each line is about: one or two, and not twice the same, of ServiceName, ResourceGroupName, ResourceId, ResourceType, ResourceLocation, MeterCategory, MeterSubcategory, Meter, ChargeType, PublisherType, PricingModel, SubscriptionId, SubscriptionName, or tag:<key> with the key of a tag. Default: ServiceName; for a management group SubscriptionName and SubscriptionId. For example: `{"groupBy":["ResourceGroupName","tag:team"]}`.
    Correlation id: (id)
    "#);
}

#[tokio::test]
async fn an_enrollment_that_hides_costs() {
    let tenant = Tenant::start().await;
    tenant.azure().set_agreement(Agreement::EnterpriseWithHiddenCharges);
    assert_snapshot!(refusal(&tenant, "cost_by_service", subject()).await, @r#"
    400: the enrollment of subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 hides costs from its users
    An enterprise administrator must enable "AO view charges" in the enrollment's policies; no role helps.
    Correlation id: (id)
    "#);
    let by_service = refusal(&tenant, "cost_by_service", subject()).await;
    for tool in ["cost_budgets", "cost_compare", "cost_export", "cost_forecast"] {
        assert_eq!(refusal(&tenant, tool, subject()).await, by_service, "{tool}");
    }
}

#[tokio::test]
async fn an_offer_that_cost_management_does_not_know() {
    let tenant = Tenant::start().await;
    let alice = tenant.deployment.lab.alice();
    tenant.azure().assign_role(alice, SPONSORED, lab::resource_manager::Role::CostManagementReader);
    let sponsored = json!({ "subscriptionId": SPONSORED });
    assert_snapshot!(refusal(&tenant, "cost_by_service", sponsored.clone()).await, @"
    Azure has no costs of subscription 3b9d7f25-c8e4-4a16-b05d-9e2f7c1a6d83 in this period
    Ask for an earlier or a longer period. A new subscription shows costs after up to 48 hours; sponsored, student and classic partner subscriptions show none here.
    Correlation id: (id)
    ");
    assert_snapshot!(masked(&tenant.ask("cost_forecast", sponsored.clone()).await.text), @"
    **Cost forecast**, (moment) to (moment)

    Subscription 3b9d7f25-c8e4-4a16-b05d-9e2f7c1a6d83 has no forecast until (moment) (actual cost, whole UTC days, as of (moment)). Cost Management does not support the subscription's offer: sponsored, student and classic partner subscriptions have neither costs nor forecasts here. Ask whoever pays for it: the sponsor's portal, or the partner, shows them.
    ");
    assert_snapshot!(masked(&tenant.ask("cost_budgets", sponsored).await.text), @"
    **Budgets**

    Subscription 3b9d7f25-c8e4-4a16-b05d-9e2f7c1a6d83 has no budgets (as of (moment)). To be warned before costs grow too high, create one in the Azure portal under Cost Management, Budgets.

    Azure raised no alerts.
    ");
}

#[tokio::test]
async fn a_management_group_of_a_customer_agreement() {
    let tenant = Tenant::start().await;
    tenant.azure().set_agreement(Agreement::MicrosoftCustomer);
    let group = json!({ "managementGroupId": CONTOSO_GROUP });
    assert_snapshot!(refusal(&tenant, "cost_by_service", group).await, @r#"
    400: Azure does not answer for management group contoso: "Management group 'contoso' is not supported\: its subscriptions have a Microsoft Customer Agreement."
    Azure sums up management groups under Enterprise Agreements and pay-as-you-go only, up to 3000 subscriptions. Ask for each subscription instead; subscriptions_list names them.
    Correlation id: (id)
    "#);
    assert!(!tenant.ask("cost_by_service", subject()).await.text.is_empty(), "its subscriptions have costs");
}

#[tokio::test]
async fn a_forecast_without_history() {
    let tenant = Tenant::start().await;
    let rows = tenant.azure().rows();
    let of_days = |days| -> Vec<CostRow> {
        let since = today() - Duration::days(days);
        rows.iter().filter(|row| row.date > since).cloned().collect()
    };
    tenant.azure().set_rows(of_days(20));
    assert_snapshot!(masked(&tenant.ask("cost_forecast", subject()).await.text), @"
    **Cost forecast**, (moment) to (moment)

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 has no forecast until (moment) (actual cost, whole UTC days, as of (moment)). Azure forecasts from the costs of at least 28 days, and has fewer, or none it can learn from. Ask again when the costs go back that far; until then cost_by_service says what was spent. Sponsored and student subscriptions never have a forecast.
    ");
    tenant.azure().set_rows(vec![]);
    assert_snapshot!(masked(&tenant.ask("cost_forecast", subject()).await.text), @"
    **Cost forecast**, (moment) to (moment)

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 has no forecast until (moment) (actual cost, whole UTC days, as of (moment)). There are no costs to learn from: it is new, or nothing in it costs anything. A new subscription shows costs after up to 48 hours and a forecast after 28 days of them: ask again then. Sponsored and student subscriptions never have one.
    ");
}

#[tokio::test]
async fn a_period_without_costs() {
    let tenant = Tenant::start().await;
    tenant.azure().set_rows(vec![]);
    assert_snapshot!(refusal(&tenant, "cost_by_service", subject()).await, @"
    Azure has no costs of subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 in this period
    Ask for an earlier or a longer period. A new subscription shows costs after up to 48 hours; sponsored, student and classic partner subscriptions show none here.
    Correlation id: (id)
    ");
    assert_snapshot!(refusal(&tenant, "cost_compare", subject()).await, @"
    Azure has no costs of subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 in this period
    Ask for an earlier or a longer period. A new subscription shows costs after up to 48 hours; sponsored, student and classic partner subscriptions show none here.
    Correlation id: (id)
    ");
}
