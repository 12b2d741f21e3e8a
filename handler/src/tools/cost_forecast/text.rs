//! A forecast in words and tables.

use super::{
    super::{facts, table::Table},
    Ahead, CostForecast, Outlook, Stretch,
};

/// The whole answer.
pub(super) fn whole(data: &CostForecast) -> String {
    let CostForecast { from, until, currencies, notes, .. } = data;
    let mut text = format!("**Cost forecast**, {from} to {until}\n\n{}", sentence(data));
    for ahead in currencies.iter().filter_map(|outlook| outlook.ahead.as_ref()) {
        if !ahead.remaining.is_empty() {
            text.extend(["\n", &table(ahead)]);
        }
    }
    if !notes.is_empty() {
        text.extend(["\n", &facts::list(notes)]);
    }
    text
}

fn sentence(data: &CostForecast) -> String {
    let CostForecast { scope, metric, until, as_of, explanation, currencies, .. } = data;
    let (scope, how) = (facts::beginning(scope), format!("{}, whole UTC days, as of {as_of}", metric.words()));
    if let Some(explanation) = explanation {
        let so_far = facts::amounts(currencies.iter().map(|outlook| &outlook.actual_to_date));
        let so_far = if so_far.is_empty() { so_far } else { format!(" It cost {so_far} since {}.", data.from) };
        return format!("{scope} has no forecast until {until} ({how}).{so_far} {explanation}\n");
    }
    let ends = currencies.iter().filter_map(|Outlook { actual_to_date, actual_days, ahead }| {
        let Ahead { forecast_remaining, forecast_days, forecast_total, .. } = ahead.as_ref()?;
        Some(format!(
            "about {} {} by {until}: {} in {} so far and {} forecast for {}",
            forecast_total.shown(),
            forecast_total.currency(),
            actual_to_date.shown(),
            days(*actual_days),
            forecast_remaining.shown(),
            days(*forecast_days),
        ))
    });
    let ends: Vec<_> = ends.collect();
    let ends = if ends.is_empty() { format!("nothing by {until}") } else { ends.join("; ") };
    format!("{scope} will cost {ends} ({how}).\n")
}

fn days(count: usize) -> String {
    if count == 1 { "1 day".to_owned() } else { format!("{count} days") }
}

fn table(Ahead { forecast_remaining: total, remaining, .. }: &Ahead) -> String {
    let mut table = Table::new().text("Days").number(format!("Forecast ({})", total.currency())).text("");
    let costs = remaining.iter().map(|stretch| &stretch.cost);
    let largest = costs.max_by(|one, other| one.compare(other)).unwrap_or(total);
    for Stretch { from, to, cost } in remaining {
        let days = if from == to { from.to_string() } else { format!("{from} to {to}") };
        table.row([days, cost.shown(), cost.bar(largest)]);
    }
    table.row(["**Total**".to_owned(), format!("**{}**", total.shown()), String::new()]);
    table.into_text()
}
