//! `cost_compare`: why costs changed from one period to another.
//!
//! Both periods come in one query, so that they are of the same moment and cost Azure's throttle one call. What is
//! asked for besides, the drill-down, is a second one; if it fails, the first answer stands.

mod drill_down;
mod movers;
mod periods;
mod text;

use std::time::Duration;

use drill_down::{DrillDown, Target};
use identity::{Scope, UnixTime};
use movers::{Comparison, Names};
use periods::{PeriodArguments, Periods};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    arguments::BadArgument,
    breakdown::Top,
    facts::Facts,
    one_or_many::OneOrMany,
    registry::{Answer, Run, THEIRS, Tool, UserCall},
    schema,
    stop::Stop,
    subject::{CostArguments, ScopeArguments},
    yes_or_no::YesOrNo,
};
use crate::azure::{CostError, CostFailure, CostQuery, CostScope, Costs, Dimension, Grouping, Period};

/// Tells what is charged at once from what is used.
const CHARGE_TYPE: Grouping = Grouping::Dimension(Dimension::ChargeType);
/// For the second query. Together with the first it stays below the deadline of a call.
const PATIENCE: Duration = Duration::from_secs(15);

/// The definition.
pub(super) fn tool() -> Tool {
    Tool {
        name: "cost_compare",
        title: "Why Azure cost changed",
        description: format!(
            "Why costs changed: a period beside another, by service or by another dimension or tag, the largest changes \
             in either direction first, with what is new, what is gone, and what is a purchase or a refund. By default \
             the last month beside the month before. A period that is still open is compared over as many closed days \
             of both. One query for both periods; drillDown makes a second one, which shows the resources and meters \
             behind the largest change. Runs as the signed-in user: Azure decides what they may see. Call it once for \
             a question; Azure throttles after a few calls a minute. {THEIRS}"
        ),
        input: schema::input(&[
            schema::part::<ScopeArguments>(),
            schema::part::<PeriodArguments>(),
            schema::part::<CostArguments>(),
            schema::part::<Arguments>(),
        ]),
        output: schema::output::<Compared>(),
        run: Run::User(Scope::CostRead, |call| Box::pin(run(call))),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    #[schemars(
        with = "Option<Grouping>",
        description = "What the change is broken down by: ServiceName (the default), ResourceGroupName, ResourceId, \
                       ResourceType, ResourceLocation, MeterCategory, MeterSubcategory, Meter, ChargeType, \
                       PublisherType, PricingModel, SubscriptionId, SubscriptionName, or tag:<key>. Just one; no \
                       ResourceId at a management group."
    )]
    group_by: Option<OneOrMany<Grouping>>,
    top: Option<Top>,
    #[schemars(
        extend("examples" = [true]),
        description = "Also shows which resources and meters are behind the largest change (at a management group: \
                       which subscriptions and meters). Takes a second query. Default: false."
    )]
    drill_down: Option<YesOrNo>,
}

/// What is asked.
struct Question {
    query: CostQuery,
    periods: Periods,
    top: Top,
    drill_down: bool,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Compared {
    #[serde(flatten)]
    facts: Facts,
    /// What `period` is compared with.
    base_period: Period,
    /// What items are.
    grouped_by: Grouping,
    /// One for each currency; they are never added together.
    currencies: Vec<Comparison>,
    /// What is behind the largest change, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    drill_down: Option<DrillDown>,
}

async fn run(call: UserCall<'_>) -> Result<Answer, Stop> {
    let (question, now) = (Question::read(&call)?, call.now());
    let failed = |failure| Stop::failed(failure, &question.query.scope);
    let azure = call.azure().await?;
    let costs = azure.costs(&question.query).await.map_err(failed)?;
    let mut compared = question.compared(costs, now).map_err(|error| failed(error.into()))?;
    if let Some(target) = question.target(&compared) {
        match tokio::time::timeout(PATIENCE, azure.costs(&target.query)).await {
            Ok(Ok(costs)) => compared.deepen(&question, target, costs),
            Ok(Err(CostFailure::Cost(error))) => compared.facts.note(drill_down::unanswered(&error)),
            Ok(Err(failure)) => return Err(failed(failure)),
            Err(_) => compared.facts.note(drill_down::unanswered(&CostError::Timeout(PATIENCE))),
        }
    }
    Ok(compared.answer())
}

impl Question {
    fn read(call: &UserCall<'_>) -> Result<Self, Stop> {
        let scope = call.arguments::<ScopeArguments>()?.scope()?;
        let periods = call.arguments::<PeriodArguments>()?.periods(call.today())?;
        let costs: CostArguments = call.arguments()?;
        let arguments: Arguments = call.arguments()?;
        Ok(Self::of(scope, periods, costs, arguments)?)
    }

    fn of(scope: CostScope, periods: Periods, costs: CostArguments, arguments: Arguments) -> Result<Self, BadArgument> {
        let grouping = grouping(arguments.group_by, &scope)?;
        let charge_type = (grouping != CHARGE_TYPE).then_some(CHARGE_TYPE);
        let query = CostQuery {
            scope,
            period: periods.union(),
            metric: costs.metric.unwrap_or_default(),
            granularity: periods.granularity(),
            group_by: [grouping].into_iter().chain(charge_type).collect(),
            filters: costs.filters()?,
            with_usd: false,
        };
        let (top, drill_down) = (arguments.top.unwrap_or_default(), arguments.drill_down.is_some_and(YesOrNo::is_yes));
        Ok(Self { query, periods, top, drill_down })
    }

    /// Azure's answer may hold nothing but days between the periods.
    fn compared(&self, costs: Costs, now: UnixTime) -> Result<Compared, CostError> {
        let Self { query, periods, top, .. } = self;
        let charge_type = query.group_by.iter().position(|grouping| *grouping == CHARGE_TYPE);
        let currencies = movers::compare(costs.lines, Names { shown: 1, charge_type }, periods, *top);
        let grouped_by = query.group_by.first().filter(|_| !currencies.is_empty()).ok_or(CostError::NoData)?.clone();
        let about = CostQuery { period: *periods.current(), ..query.clone() };
        let mut facts = Facts::of(&about, costs.capped, now);
        for note in self.notes(&currencies) {
            facts.note(note);
        }
        Ok(Compared { facts, base_period: *periods.base(), grouped_by, currencies, drill_down: None })
    }

    /// The last one is shown first.
    fn notes(&self, currencies: &[Comparison]) -> Vec<String> {
        let (base, current) = (self.periods.base(), self.periods.current());
        let mut notes = Vec::new();
        if currencies.iter().any(|comparison| !comparison.one_time.is_empty()) {
            notes.push("Azure's charge type does not tell whether a purchase will recur.".to_owned());
        }
        if base.days() != current.days() {
            let change = |comparison: &Comparison| {
                let percent = comparison.per_day_change_percent.as_ref()?;
                Some(format!("{} % ({})", percent.signed(), comparison.total.change.currency()))
            };
            let changes: Vec<_> = currencies.iter().filter_map(change).collect();
            let per_day = if changes.is_empty() { "" } else { "; the change per day is " };
            let changes = changes.join(", ");
            notes.push(format!("The base has {} days, this period {}{per_day}{changes}.", base.days(), current.days()));
        }
        if self.periods.are_cut() {
            notes.push(format!(
                "A period is still open, so that the first {} days of each are compared, up to {}: usage of the last \
                 two to three days is still arriving.",
                current.days(),
                current.to().max(base.to())
            ));
        }
        notes
    }

    fn target(&self, compared: &Compared) -> Option<Target> {
        self.drill_down.then(|| Target::of(&self.query, &compared.currencies)).flatten()
    }
}

/// One, by default the service.
fn grouping(given: Option<OneOrMany<Grouping>>, scope: &CostScope) -> Result<Grouping, BadArgument> {
    let given = given.map(OneOrMany::into_vec).unwrap_or_default();
    let wrong = |sentence: &str| BadArgument {
        sentence: sentence.to_owned(),
        how: r#"Give one dimension or tag. For example: `{"groupBy":"ResourceGroupName"}`."#.to_owned(),
    };
    match given.as_slice() {
        [] => Ok(Grouping::Dimension(Dimension::ServiceName)),
        [Grouping::Dimension(Dimension::ResourceId)] if scope.subscription().is_none() => {
            Err(wrong("Azure does not group the costs of a management group by `ResourceId`."))
        }
        [one] => Ok(one.clone()),
        _ => Err(wrong("Argument `groupBy` takes one grouping.")),
    }
}

impl Compared {
    /// Takes in the answer to the second query.
    fn deepen(&mut self, question: &Question, target: Target, costs: Costs) {
        self.drill_down = target.read(costs, &question.periods, question.top);
        self.facts.note(match &self.drill_down {
            None => drill_down::unanswered(&CostError::NoData),
            Some(DrillDown { adds_up: true, .. }) => "The drill-down took a second query.".to_owned(),
            Some(_) => "The drill-down took a second query, and its parts do not add up to the change they are behind."
                .to_owned(),
        });
    }

    fn answer(&self) -> Answer {
        Answer::new(text::whole(self), self)
    }
}

#[cfg(test)]
mod tests;
