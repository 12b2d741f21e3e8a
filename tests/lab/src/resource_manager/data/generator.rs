//! The usage of every day.

use rust_decimal::Decimal;
use time::{Date, Duration};

use super::{
    CostRow, HOSTILE_TAG_VALUE, Text,
    catalogue::{SERVICES, Service},
    story::Story,
};
use crate::resource_manager::{ANALYTICS, SHOP_DEV, SHOP_PROD};

/// What all rows of a subscription have in common.
#[derive(Clone, Copy)]
pub(super) struct Account {
    pub(super) subscription_id: &'static str,
    pub(super) name: &'static str,
    pub(super) currency: &'static str,
    pub(super) environment: &'static str,
    pub(super) groups: &'static [&'static str],
    pub(super) location: &'static str,
    /// How many of the services are used, from the dearest on.
    pub(super) services: usize,
    /// Its size in percent of production.
    pub(super) size: u32,
}

const ACCOUNTS: [Account; 3] = [
    Account {
        subscription_id: SHOP_PROD,
        name: "shop-prod",
        currency: "EUR",
        environment: "prod",
        groups: &["rg-shop-prod", "rg-shop-data", "rg-shop-network", ""],
        location: "westeurope",
        services: SERVICES.len(),
        size: 100,
    },
    Account {
        subscription_id: SHOP_DEV,
        name: "shop-dev",
        currency: "EUR",
        environment: "dev",
        groups: &["rg-shop-dev"],
        location: "westeurope",
        services: 12,
        size: 14,
    },
    Account {
        subscription_id: ANALYTICS,
        name: "analytics",
        currency: "USD",
        environment: "prod",
        groups: &["rg-analytics", "rg-reports"],
        location: "eastus",
        services: 9,
        size: 37,
    },
];

pub(super) struct Generator {
    today: Date,
    story: Story,
    dice: Dice,
    rows: Vec<CostRow>,
}

impl Generator {
    pub(super) fn new(today: Date) -> Self {
        Self { today, story: Story::told_on(today), dice: Dice(0x6d63_702d_636f_7374), rows: Vec::new() }
    }

    pub(super) fn run(mut self) -> Vec<CostRow> {
        let first = self.today - Duration::days(365);
        for account in ACCOUNTS {
            let mut day = first;
            while day <= self.today {
                for (index, service) in SERVICES.iter().enumerate().take(account.services) {
                    if self.runs(account, service, day) {
                        self.usage(account, index, service, day);
                    }
                }
                self.rows.extend(self.story.specials(account, day));
                day += Duration::DAY;
            }
        }
        self.rows
    }

    /// Most services miss a day now and then.
    fn runs(&mut self, account: Account, service: &Service, day: Date) -> bool {
        self.story.runs(account, service, day).unwrap_or_else(|| self.dice.below(20) > 0)
    }

    fn usage(&mut self, account: Account, index: usize, service: &Service, day: Date) {
        let group = account.groups.get(index % account.groups.len()).copied().unwrap_or_default();
        let (meter, factor) = self.story.size(account, service, day);
        // twelve decimals below the thousandth, as metered amounts have them
        let thousandths = i128::from(service.daily * factor) * i128::from(account.size) / 100;
        let fluctuation = i128::from(600 + self.dice.below(800));
        let amount = thousandths * 1_000_000_000 * fluctuation + i128::from(self.dice.below(1_000_000_000_000));
        let mut row = row(account, service, group, day, Decimal::from_i128_with_scale(amount, 15));
        row.meter = meter.into();
        row.tags = match self.dice.below(10) {
            0 => Vec::new(),
            1 => vec![("env".into(), account.environment.into()), ("team".into(), HOSTILE_TAG_VALUE.into())],
            _ => vec![("env".into(), account.environment.into()), ("team".into(), "shop".into())],
        };
        row.quantity = Decimal::from(1 + self.dice.below(240));
        self.rows.push(row);
    }
}

/// A row of usage without tags, in the account's currency.
pub(super) fn row(account: Account, service: &Service, group: &'static str, date: Date, cost: Decimal) -> CostRow {
    let cost_usd = in_dollars(cost, account.currency);
    CostRow {
        subscription_id: account.subscription_id.into(),
        subscription_name: account.name.into(),
        date,
        service_name: service.name.into(),
        meter_category: service.name.into(),
        meter_subcategory: service.subcategory.into(),
        meter: service.meter.into(),
        resource_group: group.into(),
        resource_type: service.resource_type.into(),
        resource_name: service.resource_type.rsplit('/').next().unwrap_or_default().into(),
        resource_location: account.location.into(),
        charge_type: "Usage".into(),
        publisher_type: "Azure".into(),
        pricing_model: "OnDemand".into(),
        tags: Vec::new(),
        currency: account.currency.into(),
        cost,
        cost_usd,
        amortized_cost: cost,
        amortized_cost_usd: cost_usd,
        quantity: Decimal::ONE,
    }
}

/// A purchase of a third party's product.
pub(super) fn purchase(account: Account, name: &'static str, price: Decimal, day: Date) -> CostRow {
    CostRow {
        meter_category: "Unassigned".into(),
        meter_subcategory: Text::default(),
        resource_type: "microsoft.saas/resources".into(),
        resource_name: "saas".into(),
        charge_type: "Purchase".into(),
        publisher_type: "Marketplace".into(),
        meter: name.into(),
        service_name: name.into(),
        ..row(account, &super::catalogue::DNS, account.groups.first().copied().unwrap_or_default(), day, price)
    }
}

/// At rates that never change, cut to as many places as metered amounts have.
pub(super) fn in_dollars(amount: Decimal, currency: &str) -> Decimal {
    let rate = match currency {
        "EUR" => Decimal::new(10_837, 4),
        "JPY" => Decimal::new(66, 4),
        _ => Decimal::ONE,
    };
    (amount * rate).round_dp(15)
}

/// `SplitMix64` (Steele, Lea, Flood 2014): small, seeded, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % limit.max(1)
    }
}
