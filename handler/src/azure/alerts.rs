//! Alerts: what Azure called attention to.
//!
//! The API is described at <https://learn.microsoft.com/rest/api/cost-management/alerts/list>. An alert also says whom
//! Azure wrote to and who changed it; that is not read, so nothing here can show it.

use identity::{ArmRequest, ArmResponse, UnixTime};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Azure, CostError, CostFailure, CostScope, Day, Money, Name, Percent, Units,
    budgets::{day, money},
    gateway::Question,
    query,
    resources::{self, Resource},
    table::Complaint,
};

/// The status of an alert that nobody has seen to.
const ACTIVE: &str = "Active";

/// Something that Azure called attention to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// What it is about, in Azure's word: `Budget`, `BudgetForecast`, `Credit`, `Quota`.
    pub kind: Name,
    /// Whether anybody has seen to it, in Azure's word: `Active`, `Resolved`, `Dismissed`, `Overridden`.
    pub status: Name,
    /// The budget it is of. Chosen by others.
    pub budget: Option<Name>,
    /// The resource group it is of; none if it is of the whole subscription.
    pub resource_group: Option<Name>,
    /// The part of the amount that was crossed.
    pub threshold: Option<Percent>,
    /// The budget's amount.
    pub amount: Option<Money>,
    /// What was spent, or expected to be, when it was raised.
    pub spend: Option<Money>,
    /// The day it was raised.
    pub created: Option<Day>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    definition: Definition,
    status: Option<String>,
    cost_entity_id: Option<String>,
    creation_time: Option<String>,
    details: Option<Details>,
}

#[derive(Deserialize)]
struct Definition {
    r#type: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    threshold: Option<Box<RawValue>>,
    amount: Option<Box<RawValue>>,
    current_spend: Option<Box<RawValue>>,
    unit: Option<String>,
}

impl Alert {
    /// Whether nobody has seen to it.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status.as_str() == ACTIVE
    }

    /// Reads a whole answer.
    #[cfg(test)]
    pub(crate) fn all_of(body: &str) -> Vec<Self> {
        resources::page(&resources::answer(body), UnixTime(0), Self::read).unwrap().0
    }

    fn read(resource: &Resource<'_>) -> Result<Option<Self>, Complaint> {
        let properties: Properties = resource.properties()?;
        let details = properties.details.unwrap_or_default();
        // an alert about a quota counts something else than money
        let currency = details.unit.and_then(|unit| unit.parse().ok());
        let in_money = |amount: Option<Box<RawValue>>| {
            amount.zip(currency).map(|(amount, currency)| money(&amount, currency)).transpose()
        };
        let fraction =
            |number: Box<RawValue>| Percent::of_fraction(number.get()).ok_or("a threshold that is no number");
        Ok(Some(Self {
            kind: Name::without_addresses(&properties.definition.r#type),
            status: Name::without_addresses(properties.status.as_deref().unwrap_or("None")),
            budget: properties.cost_entity_id.as_deref().map(last_segment).filter(|name| !name.is_empty()),
            resource_group: resource.resource_group(),
            threshold: details.threshold.map(fraction).transpose()?,
            amount: in_money(details.amount)?,
            spend: in_money(details.current_spend)?,
            created: day(properties.creation_time.as_deref())?,
        }))
    }
}

/// A name, also where Azure gives a resource id that ends with it.
fn last_segment(id: &str) -> Name {
    Name::without_addresses(id.rsplit('/').next().unwrap_or(id))
}

impl Azure<'_> {
    /// The alerts of a scope, and whether Azure has more than are read.
    pub async fn alerts(&self, scope: &CostScope) -> Result<(Vec<Alert>, bool), CostFailure> {
        let question = Question { request: request(scope), scope: Some(scope), units: Units(1) };
        let (pages, capped) = self.pages(question, |response| read(response, self.now())).await?;
        Ok((pages.concat(), capped))
    }
}

/// The request for the first page.
fn request(scope: &CostScope) -> ArmRequest {
    query::get(scope, "alerts", &[])
}

/// Reads one page: its alerts, and where the next page is.
pub(super) fn read(response: &ArmResponse, now: UnixTime) -> Result<(Vec<Alert>, Option<String>), CostError> {
    resources::page(response, now, Alert::read)
}

#[cfg(test)]
mod tests;
