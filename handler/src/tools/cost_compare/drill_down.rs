//! What lies behind the largest change: a second query, for one item alone.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    movers::{self, Change, Comparison, Mover, Names, Other},
    periods::Periods,
};
use crate::{
    azure::{CostError, CostQuery, CostScope, Costs, Dimension, Filter, FilterValues, Grouping, Name},
    tools::breakdown::Top,
};

/// The item that is looked into, and what is asked about it.
pub(super) struct Target {
    pub(super) query: CostQuery,
    item: Name,
    change: Change,
}

/// The largest change, taken apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DrillDown {
    /// The item that is taken apart. Chosen by others.
    pub(super) item: Name,
    pub(super) grouped_by: Vec<Grouping>,
    /// The largest changes in either direction first.
    pub(super) movers: Vec<Mover>,
    /// The rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) other: Option<Other>,
    /// Whether the parts add up to the item's change, exactly.
    pub(super) adds_up: bool,
}

impl Target {
    /// The largest change of a first answer to `query`. Currencies can't be compared: it is that of the first.
    pub(super) fn of(query: &CostQuery, currencies: &[Comparison]) -> Option<Self> {
        let Mover { names, change } = currencies.iter().find_map(Comparison::first_mover)?;
        let (by, item) = (query.group_by.first()?, names.first()?);
        let values = FilterValues::try_from(vec![item.to_string()]).ok()?;
        let mut filters = query.filters.clone();
        filters.push(Filter { by: by.clone(), values });
        let mut group_by = parts(&query.scope).map(Grouping::Dimension).to_vec();
        group_by.retain(|grouping| grouping != by);
        let query = CostQuery { group_by, filters, ..query.clone() };
        Some(Self { query, item: item.clone(), change: change.clone() })
    }

    /// Reads the answer. It has no lines of the item if Azure does not filter by that name.
    pub(super) fn read(self, costs: Costs, periods: &Periods, top: Top) -> Option<DrillDown> {
        let Self { query, item, change } = self;
        let names = Names { shown: query.group_by.len(), charge_type: None };
        let currency = change.change.currency();
        let compared = movers::compare(costs.lines, names, periods, top);
        let found = compared.into_iter().find(|comparison| comparison.total.change.currency() == currency)?;
        let adds_up = !costs.capped && found.total == change;
        Some(DrillDown { item, grouped_by: query.group_by, movers: found.movers, other: found.other, adds_up })
    }
}

/// Azure does not group a management group by resources.
fn parts(scope: &CostScope) -> [Dimension; 2] {
    match scope {
        CostScope::ManagementGroup(_) => [Dimension::SubscriptionName, Dimension::Meter],
        CostScope::Subscription(_) | CostScope::ResourceGroup(..) => [Dimension::ResourceId, Dimension::Meter],
    }
}

/// Why there is no drill-down. The first answer is not thrown away for it.
pub(super) fn unanswered(error: &CostError) -> String {
    let why = match error {
        CostError::Throttled { retry_after } => {
            format!("Azure limits cost queries; ask for it again in {} seconds", retry_after.as_secs())
        }
        CostError::NoData => "Azure finds no costs under that name".to_owned(),
        CostError::Timeout(_) => "Azure did not answer the second query in time; ask for fewer days".to_owned(),
        _ => "Azure gave no answer to the second query; ask for it again in a minute".to_owned(),
    };
    format!("There is no drill-down: {why}.")
}
