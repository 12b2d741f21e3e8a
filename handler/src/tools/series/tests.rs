//! Proves that a series is bounded, that what it leaves out is said, and that its parts are its totals.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::{
    azure::{CostScope, Metric, Period},
    tools::breakdown,
};

/// So many days from 2025-12-01, each with so many services, in these currencies.
fn lines(days: i64, services: i64, currencies: &[&str]) -> Vec<CostLine> {
    let first: Day = "2025-12-01".parse().unwrap();
    let of_day = |day| {
        let of_currency = move |currency: &&str| {
            let currency: Currency = currency.parse().unwrap();
            let line = move |service: i64| CostLine {
                names: vec![Name::new(&format!("service {service}"))],
                date: Some(first.plus(day)),
                cost: Money::parse(&format!("{}.25", (services - service) * 10 + day % 7), currency).unwrap(),
                usd: None,
            };
            (0..services).map(line).collect::<Vec<_>>()
        };
        currencies.iter().flat_map(of_currency).collect::<Vec<_>>()
    };
    (0..days).flat_map(of_day).collect()
}

fn breakdowns(lines: &[CostLine]) -> Vec<Breakdown> {
    breakdown::by_currency(breakdown::merged(lines.iter().cloned()), 20.try_into().unwrap())
}

/// About so many days from 2025-12-01.
fn query(days: i64, granularity: Granularity) -> CostQuery {
    let first: Day = "2025-12-01".parse().unwrap();
    CostQuery {
        scope: CostScope::Subscription("0b1f6471-1bf0-4dda-aec3-cb9272f09590".parse().unwrap()),
        period: Period::new(Some(first), Some(first.plus(days - 1)), "2026-12-24".parse().unwrap()).unwrap(),
        metric: Metric::Actual,
        granularity,
        group_by: vec![],
        filters: vec![],
        with_usd: false,
    }
}

/// Points and items of each, in each currency; then the notes.
fn shown(lines: &[CostLine], days: i64) -> String {
    let (room, breakdowns) = (Room::of(lines), breakdowns(lines));
    let size = |breakdown: &Breakdown| {
        let series = room.series(lines, breakdown);
        let currency = breakdown.total().currency();
        let items = series.first().map_or(0, |point| point.items.len());
        let last = series.last().map(|point| point.date.to_string()).unwrap_or_default();
        format!("{currency}: {} dates to {last}, {items} items each", series.len())
    };
    let sizes: Vec<_> = breakdowns.iter().map(size).collect();
    let notes = room.notes(&query(days, Granularity::Daily), lines, &breakdowns);
    sizes.into_iter().chain(notes).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_has_no_room_is_left_out_and_said() {
    assert_snapshot!(shown(&lines(30, 9, &["EUR"]), 30), @"EUR: 30 dates to 2025-12-30, 5 items each");
    assert_snapshot!(shown(&lines(30, 9, &["EUR"]), 31), @"
    EUR: 30 dates to 2025-12-30, 5 items each
    A day without costs is not listed.
    ");
    assert_snapshot!(shown(&lines(91, 9, &["EUR"]), 91), @"
    EUR: 91 dates to 2026-03-01, 3 items each
    To keep the answer short, the days have at most 3 items beside their totals. Ask for fewer days to see more.
    ");
    assert_snapshot!(shown(&lines(91, 2, &["EUR"]), 91), @"EUR: 91 dates to 2026-03-01, 2 items each");
    assert_snapshot!(shown(&lines(364, 9, &["EUR"]), 364), @"
    EUR: 364 dates to 2026-11-29, 0 items each
    To keep the answer short, the days have only their totals. Ask for fewer days to see more.
    ");
    assert_snapshot!(shown(&lines(364, 9, &["EUR", "JPY"]), 364), @"
    EUR: 250 dates to 2026-11-29, 0 items each
    JPY: 250 dates to 2026-11-29, 0 items each
    Only the last 250 days are listed one by one; the totals count all 364. Ask for a shorter period to see the others.
    To keep the answer short, the days have only their totals. Ask for fewer days to see more.
    ");
}

#[test]
fn a_month_is_a_month_and_a_day_a_day() {
    let month: Vec<_> = lines(62, 2, &["EUR"])
        .into_iter()
        .map(|line| CostLine { date: line.date.map(Day::first_of_month), ..line })
        .collect();
    let points = Room::of(&month).series(&month, &breakdowns(&month)[0]);
    assert_snapshot!(table(&points, Granularity::Monthly), @"
    | Month   | Total (EUR) |            | service 0 | service 1 |
    | :------ | ----------: | :--------- | --------: | --------: |
    | 2025-12 |     1119.50 | ██████████ |    714.75 |    404.75 |
    | 2026-01 |     1137.50 | ██████████ |    723.75 |    413.75 |
    ");
    assert_snapshot!(table(&points, Granularity::Daily), @"
    | Day (UTC)  | Total (EUR) |            | service 0 | service 1 |
    | :--------- | ----------: | :--------- | --------: | --------: |
    | 2025-12-01 |     1119.50 | ██████████ |    714.75 |    404.75 |
    | 2026-01-01 |     1137.50 | ██████████ |    723.75 |    413.75 |
    ");
}

#[test]
fn a_month_that_is_not_whole_is_said_to_be_none() {
    let notes = |days| Room::of(&[]).notes(&query(days, Granularity::Monthly), &[], &[]).concat();
    assert_snapshot!(notes(40), @"A month that is only partly in the period counts only those days.");
    assert_eq!(notes(62), "");
}

#[test]
fn without_dates_there_is_no_series() {
    let lines: Vec<_> = lines(1, 2, &["EUR"]).into_iter().map(|line| CostLine { date: None, ..line }).collect();
    assert_eq!(Room::of(&lines).series(&lines, &breakdowns(&lines)[0]), []);
    assert_eq!(table(&[], Granularity::None), "");
}

proptest! {
    #[test]
    fn the_parts_of_a_date_are_its_total_and_the_dates_the_whole(
        amounts in proptest::collection::vec((-1e6_f64..1e6, 0_i64..40, 0_usize..9, 0_usize..2), 1..200),
    ) {
        let first: Day = "2026-01-01".parse().unwrap();
        let lines: Vec<_> = amounts.iter().map(|(amount, day, name, currency)| CostLine {
            names: vec![Name::new(&name.to_string())],
            date: Some(first.plus(*day)),
            cost: Money::parse(&amount.to_string(), ["EUR", "JPY"][*currency].parse().unwrap()).unwrap(),
            usd: None,
        }).collect();
        for breakdown in breakdowns(&lines) {
            let series = Room::of(&lines).series(&lines, &breakdown);
            let currency = breakdown.total().currency();
            let sum = |amounts: &[Money]| Totals::of(amounts).in_currency(currency);
            for Point { total, items, other, .. } in &series {
                let parts: Vec<_> = items.iter().map(|part| &part.cost).chain(other).cloned().collect();
                prop_assert_eq!(&sum(&parts), total);
            }
            let totals: Vec<_> = series.into_iter().map(|point| point.total).collect();
            prop_assert_eq!(&sum(&totals), breakdown.total());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn an_answer_never_has_more_amounts_than_there_is_room_for(days in 1_i64..=364, services in 1_i64..9, currencies in 1_usize..4) {
        let lines = lines(days, services, &["EUR", "JPY", "USD"][..currencies]);
        let of = |breakdown: &Breakdown| {
            let series = Room::of(&lines).series(&lines, breakdown);
            series.iter().map(|point| 1 + point.items.len() + usize::from(point.other.is_some())).sum::<usize>()
        };
        prop_assert!(breakdowns(&lines).iter().map(of).sum::<usize>() <= MOST_AMOUNTS);
    }
}
