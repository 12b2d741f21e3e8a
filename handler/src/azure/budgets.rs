//! Budgets: what may be spent, and what Azure found was spent when it looked last.
//!
//! The API is described at <https://learn.microsoft.com/rest/api/cost-management/budgets/list>. A budget also says whom
//! Azure writes to; that is not read, so nothing here can show it.

use identity::{ArmRequest, ArmResponse, UnixTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use super::{
    Azure, CostError, CostFailure, CostScope, Currency, Day, Money, Name, Percent, Units,
    gateway::Question,
    query,
    resources::{self, Resource},
    table::Complaint,
};

/// The category of budgets of money. Others watch how well reservations are used and have no amount.
const OF_MONEY: &str = "Cost";
/// From so many percent on a budget is close to its end.
const WARNING_PERCENT: u32 = 80;

/// How much may be spent, and how much was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Its name, chosen by others.
    pub name: Name,
    /// The resource group it is of; none if it is of the whole subscription.
    pub resource_group: Option<Name>,
    /// How much may be spent each time. Azure names the currency together with what was spent; before that it is
    /// [`Currency::UNKNOWN`].
    pub amount: Money,
    /// How much was spent when Azure looked last, about once a day.
    pub current_spend: Option<Money>,
    /// How much Azure expects to be spent at the end, where it has a forecast.
    pub forecast: Option<Money>,
    /// How often it begins anew, in Azure's word: `Monthly`.
    pub time_grain: Option<Name>,
    /// Its first day.
    pub from: Option<Day>,
    /// Its last day.
    pub until: Option<Day>,
    /// Which costs count; all of these must hold.
    pub conditions: Vec<BudgetCondition>,
    /// Whether the conditions are all there are: a filter may have parts of a kind not known here.
    pub conditions_complete: bool,
}

/// Only costs of these values count for a budget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BudgetCondition {
    /// The dimension, or `tag:<key>`. Chosen by others.
    pub by: Name,
    /// One of these. Chosen by others.
    pub values: Vec<Name>,
}

/// How a budget stands, the most pressing first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum BudgetStatus {
    /// More was spent.
    Exceeded,
    /// Azure expects that more will be spent.
    ForecastToExceed,
    /// 80 percent or more were spent.
    Warning,
    /// Less was spent.
    Within,
    /// Azure has not looked yet.
    NotEvaluated,
    /// Its last day is over.
    Ended,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    category: Option<String>,
    amount: Option<Box<RawValue>>,
    current_spend: Option<Spend>,
    forecast_spend: Option<Spend>,
    time_grain: Option<String>,
    time_period: Option<TimePeriod>,
    filter: Option<Value>,
}

#[derive(Deserialize)]
struct Spend {
    amount: Box<RawValue>,
    unit: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TimePeriod {
    start_date: Option<String>,
    end_date: Option<String>,
}

impl Budget {
    /// How it stands on `today`, judged on exact amounts.
    #[must_use]
    pub fn status(&self, today: Day) -> BudgetStatus {
        let exceeds = |spent: &Money| spent.compare(&self.amount).is_gt();
        match &self.current_spend {
            _ if self.until.is_some_and(|until| until < today) => BudgetStatus::Ended,
            None => BudgetStatus::NotEvaluated,
            Some(spent) if exceeds(spent) => BudgetStatus::Exceeded,
            Some(_) if self.forecast.as_ref().is_some_and(exceeds) => BudgetStatus::ForecastToExceed,
            Some(spent) if spent.reaches(WARNING_PERCENT, &self.amount) => BudgetStatus::Warning,
            Some(_) => BudgetStatus::Within,
        }
    }

    /// Reads a whole answer.
    #[cfg(test)]
    pub(crate) fn all_of(body: &str) -> Vec<Self> {
        resources::page(&resources::answer(body), UnixTime(0), Self::read).unwrap().0
    }

    /// How much of it was spent.
    #[must_use]
    pub fn used(&self) -> Option<Percent> {
        self.current_spend.as_ref()?.percent_of(&self.amount)
    }

    fn read(resource: &Resource<'_>) -> Result<Option<Self>, Complaint> {
        let properties: Properties = resource.properties()?;
        if properties.category.is_some_and(|category| !category.eq_ignore_ascii_case(OF_MONEY)) {
            return Ok(None);
        }
        let current_spend = properties.current_spend.map(Spend::money).transpose()?;
        let forecast = properties.forecast_spend.map(Spend::money).transpose()?;
        let mut currencies = current_spend.iter().chain(&forecast).map(Money::currency);
        let currency = currencies.next().unwrap_or(Currency::UNKNOWN);
        if currencies.any(|other| other != currency) {
            return Err("a budget in two currencies");
        }
        let amount = properties.amount.ok_or("a budget without an amount")?;
        let TimePeriod { start_date, end_date } = properties.time_period.unwrap_or_default();
        let (conditions, conditions_complete) = conditions(properties.filter.as_ref());
        Ok(Some(Self {
            name: resource.name(),
            resource_group: resource.resource_group(),
            amount: money(&amount, currency)?,
            current_spend,
            forecast,
            time_grain: properties.time_grain.as_deref().map(Name::without_addresses),
            from: day(start_date.as_deref())?,
            until: day(end_date.as_deref())?,
            conditions,
            conditions_complete,
        }))
    }
}

impl Spend {
    fn money(self) -> Result<Money, Complaint> {
        let currency = self.unit.parse().map_err(|_| "a currency that is not a three-letter code")?;
        money(&self.amount, currency)
    }
}

impl Azure<'_> {
    /// The budgets of a scope, and whether Azure has more than are read.
    pub async fn budgets(&self, scope: &CostScope) -> Result<(Vec<Budget>, bool), CostFailure> {
        let question = Question { request: request(scope), scope: Some(scope), units: Units(1) };
        let (pages, capped) = self.pages(question, |response| read(response, self.now())).await?;
        Ok((pages.concat(), capped))
    }
}

/// The request for the first page.
fn request(scope: &CostScope) -> ArmRequest {
    query::get(scope, "budgets", &[])
}

/// Reads one page: the budgets of money, and where the next page is.
pub(super) fn read(response: &ArmResponse, now: UnixTime) -> Result<(Vec<Budget>, Option<String>), CostError> {
    resources::page(response, now, Budget::read)
}

pub(super) fn money(amount: &RawValue, currency: Currency) -> Result<Money, Complaint> {
    Money::parse(amount.get(), currency).ok_or("an amount that is no number, or no sensible one")
}

/// The day of a moment in UTC. Azure writes the year 1 for never.
pub(super) fn day(moment: Option<&str>) -> Result<Option<Day>, Complaint> {
    let moment = moment.filter(|moment| !moment.is_empty() && !moment.starts_with("0001-"));
    moment.map(str::parse).transpose().map_err(|_| "a date that is none")
}

/// The conditions of a filter, and whether they are all of it.
fn conditions(filter: Option<&Value>) -> (Vec<BudgetCondition>, bool) {
    let Some(filter) = filter else { return (vec![], true) };
    let Some(members) = filter.as_object() else { return (vec![], filter.is_null()) };
    let (mut found, mut complete) = (Vec::new(), true);
    for (kind, member) in members.iter().filter(|(_, member)| !member.is_null()) {
        let condition = match kind.as_str() {
            "dimensions" => condition("", member),
            "tags" => condition("tag:", member),
            "and" => {
                for part in member.as_array().into_iter().flatten() {
                    let (more, all) = conditions(Some(part));
                    found.extend(more);
                    complete &= all;
                }
                complete &= member.is_array();
                continue;
            }
            _ => None,
        };
        complete &= condition.is_some();
        found.extend(condition);
    }
    (found, complete)
}

fn condition(prefix: &str, comparison: &Value) -> Option<BudgetCondition> {
    let member = |name| comparison.get(name);
    let is_in = member("operator").is_none_or(|operator| operator == "In");
    let values = member("values")?.as_array()?.iter().map(|value| value.as_str().map(Name::without_addresses));
    let values = values.collect::<Option<Vec<_>>>().filter(|_| is_in)?;
    let by = Name::without_addresses(&format!("{prefix}{}", member("name")?.as_str()?));
    Some(BudgetCondition { by, values })
}

#[cfg(test)]
mod tests;
