//! What happens beside everyday usage, so that there is something to find.
//!
//! In production, the last full month costs more than the month before it, for reasons that can be named: a service is
//! new, a machine was replaced by one twice its size, something was bought once; one service is gone. A reservation
//! bought half a year earlier makes actual and amortized costs differ.

use rust_decimal::Decimal;
use time::{Date, Duration, Weekday};

use super::{
    CostRow, FORMULA_NAME, INSTRUCTION_NAME,
    catalogue::{DNS, RESERVED_CAPACITY, SERVICES, Service},
    generator::{Account, in_dollars, purchase, row},
};
use crate::resource_manager::{ANALYTICS, SHOP_PROD};

/// The service that production has used since the 6th of the last full month.
pub const NEW_SERVICE: &str = "Azure OpenAI";

/// The service that production used until the end of the month before the last full one.
pub const REMOVED_SERVICE: &str = "Azure Cache for Redis";

/// The meter of production's virtual machine until the 9th of the last full month.
pub const OLD_METER: &str = "D8s v5";

/// The meter of the same machine since then, twice the size and the price.
pub const NEW_METER: &str = "D16s v5";

/// The product that production bought once, on the 14th of the last full month, in dollars.
pub const ONE_TIME_PURCHASE: &str = "Fabrikam Load Test";

/// The meter of the reservation that production bought for a year, six months before the last full month.
pub const RESERVATION: &str = "vCore reserved for 1 year";

/// When things happen.
pub(super) struct Story {
    today: Date,
    /// The first day of the last full month.
    month: Date,
    /// The day the reservation was bought.
    reserved: Date,
}

/// A day of the reservation, in whole euros.
const RESERVED_DAILY: i64 = 20;

/// What of it is used at the weekend.
const USED_AT_WEEKENDS: i64 = 14;

impl Story {
    pub(super) fn told_on(today: Date) -> Self {
        let month = month_before(today);
        let reserved = (0..6).fold(month, |month, _| month_before(month));
        Self { today, month, reserved }
    }

    /// Whether a service that began or ended is in use; `None` for all others.
    pub(super) fn runs(&self, account: Account, service: &Service, day: Date) -> Option<bool> {
        let in_production = account.subscription_id == SHOP_PROD;
        match service.name {
            NEW_SERVICE if in_production => Some(day >= self.month + Duration::days(5)),
            REMOVED_SERVICE if in_production => Some(day < self.month),
            "Virtual WAN" => Some((self.today - day).whole_days() > 120),
            _ => None,
        }
    }

    /// The meter of a service and how many times its price it costs.
    pub(super) fn size(&self, account: Account, service: &Service, day: Date) -> (&'static str, u32) {
        let resized = account.subscription_id == SHOP_PROD && day >= self.month + Duration::days(9);
        if service.meter == OLD_METER && resized { (NEW_METER, 2) } else { (service.meter, 1) }
    }

    /// What is no everyday usage.
    pub(super) fn specials(&self, account: Account, day: Date) -> Vec<CostRow> {
        match account.subscription_id {
            SHOP_PROD => {
                let mut rows = self.reservation(account, day);
                rows.extend(self.production(account, day));
                rows
            }
            ANALYTICS if day.day() == 5 => {
                let account = Account { currency: "JPY", ..account };
                vec![purchase(account, "Tailwind Maps", Decimal::from(4_800), day)]
            }
            _ => Vec::new(),
        }
    }

    fn production(&self, account: Account, day: Date) -> Vec<CostRow> {
        let dollars = Account { currency: "USD", ..account };
        match day.day() {
            1 => vec![row(account, &DNS, "rg-shop-network", day, Decimal::new(6, 7))],
            3 => [("Contoso Monitor", 49_900), (FORMULA_NAME, 19_990), (INSTRUCTION_NAME, 7)]
                .map(|(name, price)| purchase(dollars, name, Decimal::new(price, 3), day))
                .to_vec(),
            14 if day - Duration::days(13) == self.month => {
                vec![purchase(dollars, ONE_TIME_PURCHASE, Decimal::from(1_450), day)]
            }
            15 => {
                let bandwidth = SERVICES.iter().find(|service| service.name == "Bandwidth").unwrap_or(&DNS);
                let credit = row(account, bandwidth, "rg-shop-network", day, Decimal::new(-125, 1));
                vec![CostRow { charge_type: "Refund".into(), ..credit }]
            }
            _ => Vec::new(),
        }
    }

    /// Paid at once and used day by day, not all of it at the weekend.
    fn reservation(&self, account: Account, day: Date) -> Vec<CostRow> {
        if day < self.reserved {
            return Vec::new();
        }
        let reserved = |charge_type: &'static str, actual: i64, amortized: i64| {
            let (amortized, currency) = (Decimal::from(amortized), account.currency);
            CostRow {
                charge_type: charge_type.into(),
                pricing_model: "Reservation".into(),
                amortized_cost: amortized,
                amortized_cost_usd: in_dollars(amortized, currency),
                ..row(account, &RESERVED_CAPACITY, "rg-shop-data", day, Decimal::from(actual))
            }
        };
        let is_weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        let used = if is_weekend { USED_AT_WEEKENDS } else { RESERVED_DAILY };
        let mut rows = vec![reserved("Usage", 0, used)];
        if used < RESERVED_DAILY {
            rows.push(reserved("UnusedReservation", 0, RESERVED_DAILY - used));
        }
        if day == self.reserved {
            rows.push(reserved("Purchase", 365 * RESERVED_DAILY, 0));
        }
        rows
    }
}

/// The first day of the month before `day`'s.
fn month_before(day: Date) -> Date {
    let last = day.replace_day(1).unwrap_or(day) - Duration::DAY;
    last.replace_day(1).unwrap_or(last)
}
