//! Lists of resources, in pages: subscriptions, budgets, alerts.

use bytes::Bytes;
use http::{Request, Response};
use serde::Serialize;
use serde_json::{Value, json};

use super::{answer, errors::ArmError, page::Page, tenant::Subscription};
use crate::{people::TENANT_ID, server};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<T> {
    value: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_link: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<Value>,
}

/// One page of `items`.
pub(super) fn list<T: Serialize>(
    url: &str,
    request: &Request<Bytes>,
    page_size: usize,
    items: Vec<T>,
) -> Result<Response<Bytes>, ArmError> {
    page(url, request, page_size, items, None)
}

/// One page of subscriptions, and how many there are.
pub(super) fn subscriptions(
    url: &str,
    request: &Request<Bytes>,
    page_size: usize,
    items: &[Subscription],
) -> Result<Response<Bytes>, ArmError> {
    let count = json!({ "type": "Total", "value": items.len() });
    page(url, request, page_size, items.iter().map(listed).collect(), Some(count))
}

fn page<T: Serialize>(
    url: &str,
    request: &Request<Bytes>,
    page_size: usize,
    items: Vec<T>,
    count: Option<Value>,
) -> Result<Response<Bytes>, ArmError> {
    let page = Page::read(request, page_size, page_size)?;
    let version = server::parameter(request, "api-version").unwrap_or_default();
    let next_link = page.next_link(url, request, items.len(), &version);
    Ok(answer::ok(&Body { value: page.of(items).collect(), next_link, count }))
}

fn listed(subscription: &Subscription) -> Value {
    json!({
        "id": format!("/subscriptions/{}", subscription.id),
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": subscription.id,
        "tenantId": TENANT_ID,
        "displayName": subscription.display_name,
        "state": subscription.state,
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": subscription.quota_id,
            "spendingLimit": "Off",
        },
    })
}
