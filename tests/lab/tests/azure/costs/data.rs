//! What the data has to tell.

use std::collections::BTreeSet;

use lab::{
    Lab,
    resource_manager::{
        ANALYTICS, NEW_METER, NEW_SERVICE, OLD_METER, ONE_TIME_PURCHASE, REMOVED_SERVICE, Role, SHOP_PROD,
    },
};
use rust_decimal::Decimal;
use serde_json::json;
use time::{Date, Duration};

use super::{Table, Totals, amount, by_service, period, post, query, query_url, text, today};
use crate::support::{arm_token, lab};

/// The first and the last day of the last full month, and of the month before it.
fn two_months() -> [(Date, Date); 2] {
    let before = |day: Date| {
        let last = day.replace_day(1).unwrap() - Duration::DAY;
        (last.replace_day(1).unwrap(), last)
    };
    let last = before(today());
    [last, before(last.0)]
}

async fn month_by(lab: &Lab, token: &str, dimension: &str, (from, to): (Date, Date)) -> Table {
    let mut body = by_service(1);
    body["timePeriod"] = period(from, to);
    body["dataset"]["grouping"][0]["name"] = dimension.into();
    Table::of(&query(lab, token, SHOP_PROD, &body).await)
}

fn names(table: &Table) -> BTreeSet<String> {
    table.rows.iter().map(|row| text(&row[2])).collect()
}

#[tokio::test]
async fn the_last_full_month_cost_more_for_reasons_that_have_names() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    let [last, before] = two_months();
    let services = async |month| month_by(&lab, &token, "ServiceName", month).await;
    let (october, september) = (services(last).await, services(before).await);
    let euros = |table: &Table| table.totals()["EUR"];
    assert!(euros(&october) > euros(&september) * Decimal::new(11, 1), "a tenth more at least");
    let (october, september) = (names(&october), names(&september));
    let new: Vec<_> = october.difference(&september).collect();
    assert_eq!(new, [NEW_SERVICE, ONE_TIME_PURCHASE]);
    assert_eq!(september.difference(&october).collect::<Vec<_>>(), [REMOVED_SERVICE]);

    let meters = async |month| names(&month_by(&lab, &token, "Meter", month).await);
    let (october, september) = (meters(last).await, meters(before).await);
    assert!(september.contains(OLD_METER) && !september.contains(NEW_METER));
    assert!(october.contains(OLD_METER) && october.contains(NEW_METER), "resized within the month");
}

#[tokio::test]
async fn a_reservation_is_paid_at_once_and_used_day_by_day() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    let reserved = async |metric: &str| {
        let mut body = by_service(364);
        body["type"] = metric.into();
        body["dataset"]["grouping"][0]["name"] = "ChargeType".into();
        body["dataset"]["filter"] =
            json!({ "dimensions": { "name": "PricingModel", "operator": "In", "values": ["Reservation"] } });
        let table = Table::of(&query(&lab, &token, SHOP_PROD, &body).await);
        table.rows.iter().map(|row| (text(&row[2]), amount(&row[0]))).collect::<Totals>()
    };
    let rows = lab.resource_manager().rows();
    let sum = |charge_type: &str| {
        let rows = rows.iter().filter(|row| row.pricing_model == "Reservation" && row.charge_type == charge_type);
        rows.fold((Decimal::ZERO, Decimal::ZERO), |sum, row| (sum.0 + row.cost, sum.1 + row.amortized_cost))
    };
    let (usage, unused, purchase) = (sum("Usage"), sum("UnusedReservation"), sum("Purchase"));
    let expected = |entries: [(&str, Decimal); 2]| entries.map(|(name, sum)| (name.to_owned(), sum)).into();
    assert_eq!(reserved("ActualCost").await, expected([("Usage", usage.0), ("Purchase", purchase.0)]));
    assert_eq!(reserved("AmortizedCost").await, expected([("Usage", usage.1), ("UnusedReservation", unused.1)]));
    assert!(purchase.0 > usage.1 + unused.1 && usage.1 > unused.1 && unused.1 > Decimal::ZERO);
    assert_eq!((usage.0, unused.0, purchase.1), Default::default());
}

#[tokio::test]
async fn resources_of_a_year_do_not_fit_on_the_largest_page() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    let mut body = by_service(364);
    body["dataset"]["granularity"] = "Daily".into();
    body["dataset"]["grouping"][0]["name"] = "ResourceId".into();
    let page = Table::of(&post(&lab, &token, &format!("{}&$top=5000", query_url(&lab, SHOP_PROD)), &body).await);
    assert_eq!(page.rows.len(), 5_000);
    assert!(page.next_link.is_some());
}

#[tokio::test]
async fn amounts_have_many_digits_and_currencies_without_cents_are_there() {
    let lab = lab().await;
    let arm = lab.resource_manager();
    let token = arm_token(&lab, lab.alice()).await;
    let answer = query(&lab, &token, SHOP_PROD, &by_service(364)).await;
    let digits = |row: &Vec<Box<serde_json::value::RawValue>>| row[0].get().bytes().filter(u8::is_ascii_digit).count();
    let longest = Table::of(&answer).rows.iter().map(digits).max().unwrap();
    assert!((19..=21).contains(&longest), "{longest} digits");

    arm.assign_role(lab.alice(), ANALYTICS, Role::Reader);
    let totals = Table::of(&query(&lab, &token, ANALYTICS, &by_service(364)).await).totals();
    assert_eq!(totals.keys().collect::<Vec<_>>(), ["JPY", "USD"]);
    assert!(totals["JPY"].fract().is_zero());

    let mut row = arm.rows()[0].clone();
    row.cost = "12345678.901234567890123456".parse().unwrap();
    arm.set_rows(vec![lab::resource_manager::CostRow { date: today(), ..row }]);
    let table = Table::of(&query(&lab, &token, SHOP_PROD, &by_service(1)).await);
    assert_eq!(table.rows[0][0].get(), "12345678.901234567890123456");
}

#[tokio::test]
async fn some_resources_have_no_tags() {
    let lab = lab().await;
    let token = arm_token(&lab, lab.alice()).await;
    let mut body = by_service(30);
    body["dataset"]["grouping"] = json!([{ "type": "TagKey", "name": "team" }]);
    body["dataset"]["sorting"] = json!([]);
    let table = Table::of(&query(&lab, &token, SHOP_PROD, &body).await);
    let values: BTreeSet<Option<String>> =
        table.rows.iter().map(|row| serde_json::from_str(row[3].get()).unwrap()).collect();
    assert!(values.contains(&None) && values.contains(&Some("shop".to_owned())), "{values:?}");
}
