//! What a reader must know to read costs rightly.

use crate::azure::{Money, PAGE_LIMIT, Period};

/// The notes to costs of a period; `capped` if Azure had more than was read.
pub(super) fn notes(period: &Period, capped: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if capped {
        notes.push(format!(
            "Azure has more than {PAGE_LIMIT} pages of lines; the rest was not read and the totals are too low. \
             Ask for fewer days."
        ));
    }
    if period.to_was_clamped() {
        notes.push(format!("The period ends today, {} (UTC): later days have no costs yet.", period.to()));
    }
    if period.is_estimate() {
        notes.push(
            "The last month of the period is still open: usage arrives up to a day late and its costs may \
             change until the fifth of the next month."
                .to_owned(),
        );
    }
    notes.push("Tax, support plans and credits are not included.".to_owned());
    notes
}

/// The notes as a list.
pub(super) fn list(notes: &[String]) -> String {
    notes.iter().flat_map(|note| ["- ", note, "\n"]).collect()
}

/// Totals in a sentence: `2539.09 EUR and 12 JPY`.
pub(super) fn amounts(totals: impl IntoIterator<Item = Money>) -> String {
    let amounts: Vec<_> = totals.into_iter().map(|total| format!("{} {}", total.shown(), total.currency())).collect();
    amounts.join(" and ")
}
