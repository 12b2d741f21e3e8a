//! Proves that the data tells the same story whatever day it is. What real costs tell, only a tenant knows.

use rust_decimal::Decimal;
use time::{Date, Duration, macros::date};

use super::{CostRow, Metric, NEW_METER, NEW_SERVICE, ONE_TIME_PURCHASE, REMOVED_SERVICE, generator::Generator};
use crate::resource_manager::{SHOP_PROD, budgets::budgets, period::month};

const DAYS: [Date; 5] =
    [date!(2024 - 02 - 29), date!(2026 - 01 - 01), date!(2026 - 03 - 31), date!(2026 - 11 - 23), date!(2027 - 03 - 01)];

/// What production cost from one day to another in euros, of the rows that `counts`.
fn cost(rows: &[CostRow], from: Date, to: Date, counts: impl Fn(&CostRow) -> bool) -> Decimal {
    let is_there = |row: &&CostRow| row.subscription_id == SHOP_PROD && (from..=to).contains(&row.date) && counts(row);
    rows.iter().filter(is_there).filter(|row| row.currency == "EUR").map(|row| row.cost).sum()
}

#[test]
fn the_last_full_month_is_dearer_than_the_month_before() {
    for today in DAYS {
        let rows = Generator::new(today).run();
        let last = month(today) - Duration::DAY;
        let before = month(last) - Duration::DAY;
        let of = |end: Date, counts: &dyn Fn(&CostRow) -> bool| cost(&rows, month(end), end, counts);
        assert!(of(last, &|_| true) > of(before, &|_| true) * Decimal::new(11, 1), "a tenth more: {today}");
        for name in [NEW_SERVICE, NEW_METER] {
            let is_it = |row: &CostRow| row.service_name == name || row.meter == name;
            assert!(of(before, &is_it).is_zero() && !of(last, &is_it).is_zero(), "{today}: {name}");
        }
        let removed = |row: &CostRow| row.service_name == REMOVED_SERVICE;
        assert!(!of(before, &removed).is_zero() && of(last, &removed).is_zero(), "{today}");
        let bought: Vec<_> = rows.iter().filter(|row| row.service_name == ONE_TIME_PURCHASE).collect();
        assert!(bought.len() == 1 && month(bought[0].date) == month(last), "{today}");
    }
}

#[test]
fn a_reservation_comes_out_even_day_by_day() {
    for today in DAYS {
        let rows = Generator::new(today).run();
        let reserved: Vec<_> = rows.iter().filter(|row| row.pricing_model == "Reservation").collect();
        let bought = reserved.iter().find(|row| row.charge_type == "Purchase").unwrap();
        let days = Decimal::from((today - bought.date).whole_days() + 1);
        let amortized: Decimal =
            reserved.iter().filter(|row| row.is_in(Metric::Amortized)).map(|row| row.amortized_cost).sum();
        assert_eq!(amortized, bought.cost / Decimal::from(365) * days, "{today}");
        let actual: Decimal = reserved.iter().filter(|row| row.is_in(Metric::Actual)).map(|row| row.cost).sum();
        assert_eq!(actual, bought.cost, "{today}");
    }
}

#[test]
fn the_yearly_budget_is_exceeded_and_the_monthly_one_is_not() {
    for today in DAYS {
        let budgets = budgets(&Generator::new(today).run(), today);
        assert!(budgets[0].current_spend > budgets[0].amount, "{today}: {}", budgets[0].current_spend);
        assert!(budgets[1].current_spend < budgets[1].amount, "{today}: {}", budgets[1].current_spend);
        assert!(budgets[1].forecast_spend > Some(budgets[1].current_spend), "{today}");
    }
}
