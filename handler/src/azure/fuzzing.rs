//! For the fuzzer's door: every answer of Azure that is read, by what it answers.

use identity::{ArmResponse, UnixTime};

use super::{
    CostError, CostQuery, Day, Dimension, Forecast, Horizon, Money, Name, alerts, answer, budgets, dimensions,
    forecast, subscriptions,
};

/// What was asked.
pub enum Question {
    /// Costs.
    Costs(CostQuery),
    /// Where costs are going, until the end of this month.
    Forecast {
        /// By the clock.
        today: Day,
    },
    /// Budgets.
    Budgets,
    /// Alerts.
    Alerts,
    /// Subscriptions.
    Subscriptions,
    /// Values of a dimension.
    DimensionValues(Dimension),
}

/// What was understood.
#[derive(Debug, Default)]
pub struct Facts {
    /// How many lines, budgets, alerts, subscriptions or values.
    pub lines: usize,
    /// Every amount.
    pub amounts: Vec<Money>,
    /// Every name that others chose.
    pub names: Vec<Name>,
}

/// Reads one page of the answer to `question`.
pub fn facts(question: &Question, answer: &ArmResponse, now: UnixTime) -> Result<Facts, CostError> {
    match question {
        Question::Costs(query) => {
            let lines = answer::read(answer, query, now)?.lines;
            Ok(Facts {
                lines: lines.len(),
                amounts: lines
                    .iter()
                    .flat_map(|line| [Some(&line.cost), line.usd.as_ref()])
                    .flatten()
                    .cloned()
                    .collect(),
                names: lines.into_iter().flat_map(|line| line.names).collect(),
            })
        }
        Question::Forecast { today } => {
            let horizon = Horizon::new(None, *today).map_err(|_| CostError::NoData)?;
            let forecast = match forecast::read(answer, now) {
                Ok((lines, _)) => Forecast::of(lines, horizon),
                Err(error) => Forecast::refused(error)?,
            };
            let (Forecast::Available(lines) | Forecast::Unavailable { actual: lines, .. }) = forecast;
            let amounts: Vec<_> = lines.into_iter().map(|line| line.cost).collect();
            Ok(Facts { lines: amounts.len(), amounts, names: vec![] })
        }
        Question::Budgets => {
            let (budgets, _) = budgets::read(answer, now)?;
            let mut facts = Facts { lines: budgets.len(), ..Facts::default() };
            for budget in budgets {
                // today is any day
                let _ = (budget.status(Day::of(now)), budget.used().map(|used| used.to_string()));
                facts
                    .amounts
                    .extend([Some(budget.amount), budget.current_spend, budget.forecast].into_iter().flatten());
                facts.names.extend([Some(budget.name), budget.resource_group, budget.time_grain].into_iter().flatten());
                let conditions = budget.conditions.into_iter();
                facts.names.extend(conditions.flat_map(|condition| [vec![condition.by], condition.values].concat()));
            }
            Ok(facts)
        }
        Question::Alerts => {
            let (alerts, _) = alerts::read(answer, now)?;
            let mut facts = Facts { lines: alerts.len(), ..Facts::default() };
            for alert in alerts {
                facts.amounts.extend([alert.amount, alert.spend].into_iter().flatten());
                facts.names.extend([alert.kind, alert.status]);
                facts.names.extend([alert.budget, alert.resource_group].into_iter().flatten());
            }
            Ok(facts)
        }
        Question::Subscriptions => {
            let (subscriptions, _) = subscriptions::read(answer, now)?;
            let lines = subscriptions.len();
            let names = subscriptions.into_iter().flat_map(|one| [Some(one.name), Some(one.state), one.offer]);
            Ok(Facts { lines, names: names.flatten().collect(), amounts: vec![] })
        }
        Question::DimensionValues(dimension) => {
            let values = dimensions::read(answer, *dimension, now)?.values;
            Ok(Facts { lines: values.len(), names: values, amounts: vec![] })
        }
    }
}
