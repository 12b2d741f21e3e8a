//! Which subscriptions the caller sees.
//!
//! Resource Manager answers this, not Cost Management: it lists every subscription on which the caller has any role.
//! Whether one of those roles reads costs is not in the answer.
//! <https://learn.microsoft.com/rest/api/resources/subscriptions/list>

use http::StatusCode;
use identity::{ArmRequest, ArmResponse, UnixTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Azure, CostError, CostFailure, Name, SubscriptionId, Units, gateway::Question, table::Complaint};

/// The version of the Subscriptions API; Cost Management has versions of its own.
const API_VERSION: &str = "2022-12-01";

/// Offers whose costs Cost Management knows, by their quota id.
/// <https://learn.microsoft.com/azure/cost-management-billing/costs/understand-cost-mgt-data#supported-microsoft-azure-offers>
const SUPPORTED: [&str; 8] = [
    "AzureInOpen_2014-09-01",
    "AzurePass_2014-09-01",
    "EnterpriseAgreement_2014-09-01",
    "FreeTrial_2014-09-01",
    "MPN_2014-09-01",
    "MSDNDevTest_2014-09-01",
    "MSDN_2014-09-01",
    "PayAsYouGo_2014-09-01",
];
/// Offers whose costs it does not know: students, sponsorships, support plans.
const UNSUPPORTED: [&str; 4] =
    ["AzureForStudents_2018-01-01", "Default_2014-09-01", "DreamSpark_2015-02-01", "Sponsored_2016-01-01"];

/// A subscription that the caller sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Its id.
    pub id: SubscriptionId,
    /// Its display name. Chosen by others.
    pub name: Name,
    /// `Enabled`, `Disabled`, `Warned`, `PastDue` or `Deleted`, in Azure's own words.
    pub state: Name,
    /// The quota id of the offer it was bought under, where Azure says it.
    pub offer: Option<Name>,
    /// Whether Cost Management knows costs of that offer.
    pub cost_support: CostSupport,
}

/// All subscriptions that were read, in Azure's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriptions {
    /// The subscriptions; there may be none.
    pub all: Vec<Subscription>,
    /// Azure has more pages than are read.
    pub capped: bool,
}

/// Whether Cost Management knows costs of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CostSupport {
    /// It does.
    Yes,
    /// It does not: queries have no data.
    No,
    /// The quota id does not tell. Partners sell an agreement that is supported and one that is not under the same id.
    Unknown,
}

impl CostSupport {
    fn of(offer: &str) -> Self {
        let is_one_of = |offers: &[&str]| offers.iter().any(|known| known.eq_ignore_ascii_case(offer));
        if is_one_of(&SUPPORTED) {
            Self::Yes
        } else if is_one_of(&UNSUPPORTED) {
            Self::No
        } else {
            Self::Unknown
        }
    }

    /// In a table.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

impl Azure<'_> {
    /// Asks which subscriptions the caller sees.
    pub async fn subscriptions(&self) -> Result<Subscriptions, CostFailure> {
        let question = Question { request: request(), scope: None, units: Units(0) };
        let (pages, capped) = self.pages(question, |response| read(response, self.now())).await?;
        Ok(Subscriptions { all: pages.concat(), capped })
    }
}

/// Below no scope: the caller's token alone says what is listed.
fn request() -> ArmRequest {
    ArmRequest::get(&["subscriptions"], &[("api-version", API_VERSION)])
}

/// Reads one page, and the link to the next.
pub(super) fn read(response: &ArmResponse, now: UnixTime) -> Result<(Vec<Subscription>, Option<String>), CostError> {
    match response.status {
        StatusCode::OK => page(&response.body).map_err(CostError::BadAnswer),
        status => Err(CostError::of(status, &response.headers, &response.body, now)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    value: Vec<Item>,
    next_link: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    subscription_id: String,
    display_name: Option<String>,
    state: Option<String>,
    subscription_policies: Option<Policies>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Policies {
    quota_id: Option<String>,
}

fn page(body: &[u8]) -> Result<(Vec<Subscription>, Option<String>), Complaint> {
    let Body { value, next_link } = serde_json::from_slice(body).map_err(|_| "not a list of subscriptions")?;
    Ok((value.into_iter().map(subscription).collect::<Result<_, _>>()?, next_link))
}

fn subscription(item: Item) -> Result<Subscription, Complaint> {
    let Item { subscription_id, display_name, state, subscription_policies } = item;
    let offer = subscription_policies.and_then(|policies| policies.quota_id).filter(|offer| !offer.is_empty());
    Ok(Subscription {
        id: subscription_id.parse().map_err(|_| "a subscription whose id is no GUID")?,
        name: Name::new(&display_name.unwrap_or_default()),
        state: Name::new(&state.unwrap_or_default()),
        cost_support: offer.as_deref().map_or(CostSupport::Unknown, CostSupport::of),
        offer: offer.as_deref().map(Name::new),
    })
}

#[cfg(test)]
mod tests {
    //! Proves how a list is read. Which quota ids a tenant has today, only it can show.

    use bytes::Bytes;
    use http::HeaderMap;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const ID: &str = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";

    fn answer(status: StatusCode, body: &str) -> Result<(Vec<Subscription>, Option<String>), CostError> {
        let response = ArmResponse { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) };
        read(&response, UnixTime(0))
    }

    #[track_caller]
    fn only(item: &Value) -> Subscription {
        let (mut all, _) = answer(StatusCode::OK, &json!({ "value": [item] }).to_string()).unwrap();
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    #[test]
    fn the_request_names_nothing_but_its_version() {
        assert_eq!(request(), ArmRequest::get(&["subscriptions"], &[("api-version", "2022-12-01")]));
    }

    #[test]
    fn a_subscription_is_read_whole() {
        let item = json!({
            "id": format!("/subscriptions/{ID}"),
            "subscriptionId": ID.to_uppercase(),
            "tenantId": "7e4a0000-0000-4000-8000-000000000001",
            "displayName": "shop-prod",
            "state": "Enabled",
            "authorizationSource": "RoleBased",
            "subscriptionPolicies": { "quotaId": "EnterpriseAgreement_2014-09-01", "spendingLimit": "Off" },
        });
        let expected = Subscription {
            id: ID.parse().unwrap(),
            name: Name::new("shop-prod"),
            state: Name::new("Enabled"),
            offer: Some(Name::new("EnterpriseAgreement_2014-09-01")),
            cost_support: CostSupport::Yes,
        };
        assert_eq!(only(&item), expected);
    }

    #[test]
    fn what_azure_leaves_out_is_left_open() {
        for item in [
            json!({ "subscriptionId": ID }),
            json!({ "subscriptionId": ID, "displayName": null, "state": null, "subscriptionPolicies": null }),
            json!({ "subscriptionId": ID, "subscriptionPolicies": { "quotaId": "" } }),
        ] {
            let Subscription { name, state, offer, cost_support, .. } = only(&item);
            assert!(name.is_empty() && state.is_empty() && offer.is_none(), "{item}");
            assert_eq!(cost_support, CostSupport::Unknown, "{item}");
        }
    }

    #[test]
    fn an_offer_tells_whether_costs_are_known() {
        for (offer, expected) in [
            ("EnterpriseAgreement_2014-09-01", CostSupport::Yes),
            ("payasyougo_2014-09-01", CostSupport::Yes),
            ("MSDNDevTest_2014-09-01", CostSupport::Yes),
            ("Sponsored_2016-01-01", CostSupport::No),
            ("AzureForStudents_2018-01-01", CostSupport::No),
            ("DreamSpark_2015-02-01", CostSupport::No),
            ("Default_2014-09-01", CostSupport::No),
            ("CSP_2015-05-01", CostSupport::Unknown),
            ("Sponsored", CostSupport::Unknown),
            ("Something_2030-01-01", CostSupport::Unknown),
        ] {
            let item = json!({ "subscriptionId": ID, "subscriptionPolicies": { "quotaId": offer } });
            assert_eq!(only(&item).cost_support, expected, "{offer}");
        }
    }

    #[test]
    fn an_empty_list_is_a_list() {
        assert_eq!(
            answer(StatusCode::OK, r#"{"value":[],"nextLink":"https://x/1"}"#),
            Ok((vec![], Some("https://x/1".into())))
        );
        assert_eq!(answer(StatusCode::OK, r#"{"value":[],"count":{"type":"Total","value":0}}"#), Ok((vec![], None)));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let id = "a subscription whose id is no GUID";
        for (body, complaint) in [
            ("", "not a list of subscriptions"),
            ("{}", "not a list of subscriptions"),
            (r#"{"value":null}"#, "not a list of subscriptions"),
            (r#"{"value":[{}]}"#, "not a list of subscriptions"),
            (r#"{"value":[{"subscriptionId":"shop-prod"}]}"#, id),
            (r#"{"value":[{"subscriptionId":"../0b1f6471-1bf0-4dda-aec3-cb9272f09590"}]}"#, id),
        ] {
            assert_eq!(answer(StatusCode::OK, body), Err(CostError::BadAnswer(complaint)), "{body}");
        }
    }

    #[test]
    fn every_other_status_is_an_error() {
        let list = json!({ "value": [{ "subscriptionId": ID }] }).to_string();
        assert!(matches!(answer(StatusCode::NO_CONTENT, ""), Err(CostError::BadAnswer(_))));
        assert!(matches!(answer(StatusCode::ACCEPTED, &list), Err(CostError::BadAnswer(_))));
        assert_eq!(answer(StatusCode::UNAUTHORIZED, &list), Err(CostError::TokenRejected(Name::new(""))));
        assert!(matches!(answer(StatusCode::TOO_MANY_REQUESTS, &list), Err(CostError::Throttled { .. })));
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(body in "[\\[\\]{}\",:a-z0-9]{0,80}", cell in ".{0,20}") {
            let _ = answer(StatusCode::OK, &body);
            let _ = answer(StatusCode::OK, &format!(r#"{{"value":[{{"subscriptionId":{cell:?}}}]}}"#));
        }
    }
}
