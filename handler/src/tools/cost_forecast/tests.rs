//! Proves what `cost_forecast` accepts and says, for answers given here. What Azure's model expects needs a tenant.

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::tools::{arguments, tests::assert_follows};

const NOW: UnixTime = UnixTime(1_795_343_643); // 2026-11-22T10:34:03Z
const TODAY: &str = "2026-11-22";
const SUBSCRIPTION: &str = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn query(until: &str) -> ForecastQuery {
    ForecastQuery {
        scope: CostScope::Subscription(SUBSCRIPTION.parse().unwrap()),
        horizon: Horizon::new(until.parse().ok(), day(TODAY)).unwrap(),
        metric: Metric::Actual,
    }
}

fn line(day: Day, status: CostStatus, amount: &str, currency: &str) -> ForecastLine {
    ForecastLine { day, status, cost: Money::parse(amount, currency.parse().unwrap()).unwrap() }
}

/// Every day of November up to today costs `actual`, and from today on `forecast`.
fn november(actual: &str, forecast: &str, currency: &str) -> Vec<ForecastLine> {
    let first = day("2026-11-01");
    let actual = (0..22).map(|index| line(first.plus(index), CostStatus::Actual, actual, currency));
    let forecast = (21..30).map(|index| line(first.plus(index), CostStatus::Forecast, forecast, currency));
    actual.chain(forecast).collect()
}

#[track_caller]
fn answered(until: &str, forecast: &Forecast) -> Answer {
    let answer = answer(&query(until), forecast, NOW);
    assert_follows(&answer.data(), &tool().output);
    answer
}

#[test]
fn the_text_is_the_whole_answer() {
    let answer = answered("", &Forecast::Available(november("100.472", "98.84444", "EUR")));
    assert_snapshot!(answer.text, @"
    **Cost forecast**, 2026-11-01 to 2026-11-30

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 will cost about 3099.98 EUR by 2026-11-30: 2210.38 in 22 days so far and 889.60 forecast for 9 days (actual cost, whole UTC days, as of 2026-11-22T10:34:03Z).

    | Days       | Forecast (EUR) |            |
    | :--------- | -------------: | :--------- |
    | 2026-11-22 |          98.84 | ██████████ |
    | 2026-11-23 |          98.84 | ██████████ |
    | 2026-11-24 |          98.84 | ██████████ |
    | 2026-11-25 |          98.84 | ██████████ |
    | 2026-11-26 |          98.84 | ██████████ |
    | 2026-11-27 |          98.84 | ██████████ |
    | 2026-11-28 |          98.84 | ██████████ |
    | 2026-11-29 |          98.84 | ██████████ |
    | 2026-11-30 |          98.84 | ██████████ |
    | **Total**  |     **889.60** |            |

    - Amounts are rounded one by one, so that parts may miss their total in the last place.
    - The forecast is Azure's own model of past costs: an estimate that knows nothing of planned changes.
    - Usage of the last two to three days is still arriving: the costs so far will grow.
    - Tax, support plans and credits are not included.
    ");
    assert_snapshot!(format!("{:#}", answer.data()), @r#"
    {
      "asOf": "2026-11-22T10:34:03Z",
      "available": true,
      "currencies": [
        {
          "actualDays": 22,
          "actualToDate": {
            "amount": "2210.38",
            "amountExact": "2210.384",
            "currency": "EUR"
          },
          "forecastDays": 9,
          "forecastRemaining": {
            "amount": "889.60",
            "amountExact": "889.59996",
            "currency": "EUR"
          },
          "forecastTotal": {
            "amount": "3099.98",
            "amountExact": "3099.98396",
            "currency": "EUR"
          },
          "remaining": [
            {
              "cost": {
                "amount": "98.84",
                "amountExact": "98.84444",
                "currency": "EUR"
              },
              "from": "2026-11-22",
              "to": "2026-11-22"
            },
            {
              "cost": {
                "amount": "98.84",
                "amountExact": "98.84444",
                "currency": "EUR"
              },
              "from": "2026-11-23",
              "to": "2026-11-23"
            },
            {
              "cost": {
                "amount": "98.84",
                "amountExact": "98.84444",
                "currency": "EUR"
              },
              "from": "2026-11-24",
              "to": "2026-11-24"
            },
            {
              "cost": {
                "amount": "98.84",
                "amountExact": "98.84444",
                "currency": "EUR"
              },
              "from": "2026-11-25",
              "to": "2026-11-25"
            },
            {
              "cost": {
                "amount": "98.84",
                "amountExact": "98.84444",
                "currency": "EUR"
              },
              "from": "2026-11-26",
              "to": "2026-11-26"
            },
            {
              "cost": {
                "amount": "98.84",
                "amountExact": "98.84444",
                "currency": "EUR"
              },
              "from": "2026-11-27",
              "to": "2026-11-27"
            },
            {
              "cost": {
                "amount": "98.84",
                "amountExact": "98.84444",
                "currency": "EUR"
              },
              "from": "2026-11-28",
              "to": "2026-11-28"
            },
            {
              "cost": {
                "amount": "98.84",
                "amountExact": "98.84444",
                "currency": "EUR"
              },
              "from": "2026-11-29",
              "to": "2026-11-29"
            },
            {
              "cost": {
                "amount": "98.84",
                "amountExact": "98.84444",
                "currency": "EUR"
              },
              "from": "2026-11-30",
              "to": "2026-11-30"
            }
          ]
        }
      ],
      "from": "2026-11-01",
      "metric": "actual",
      "notes": [
        "Amounts are rounded one by one, so that parts may miss their total in the last place.",
        "The forecast is Azure's own model of past costs: an estimate that knows nothing of planned changes.",
        "Usage of the last two to three days is still arriving: the costs so far will grow.",
        "Tax, support plans and credits are not included."
      ],
      "scope": {
        "subscriptionId": "0b1f6471-1bf0-4dda-aec3-cb9272f09590",
        "type": "subscription"
      },
      "until": "2026-11-30"
    }
    "#);
}

#[test]
fn more_than_ten_days_are_shown_by_weeks() {
    let mut lines = november("10", "20.5", "EUR");
    lines.extend((0..5).map(|index| line(day("2026-12-01").plus(index), CostStatus::Forecast, "20.5", "EUR")));
    let answer = answered("2026-12-05", &Forecast::Available(lines));
    assert_snapshot!(answer.text, @"
    **Cost forecast**, 2026-11-01 to 2026-12-05

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 will cost about 507.00 EUR by 2026-12-05: 220.00 in 22 days so far and 287.00 forecast for 14 days (actual cost, whole UTC days, as of 2026-11-22T10:34:03Z).

    | Days                     | Forecast (EUR) |            |
    | :----------------------- | -------------: | :--------- |
    | 2026-11-22 to 2026-11-28 |         143.50 | ██████████ |
    | 2026-11-29 to 2026-12-05 |         143.50 | ██████████ |
    | **Total**                |     **287.00** |            |

    - The forecast is Azure's own model of past costs: an estimate that knows nothing of planned changes.
    - Usage of the last two to three days is still arriving: the costs so far will grow.
    - Tax, support plans and credits are not included.
    ");
}

#[test]
fn currencies_stay_apart() {
    let mut lines = november("10", "10", "EUR");
    lines.extend(november("0.004", "0.004", "USD"));
    lines.push(line(day("2026-11-03"), CostStatus::Actual, "-7", "JPY"));
    let answer = answered("", &Forecast::Available(lines));
    assert_snapshot!(answer.text, @"
    **Cost forecast**, 2026-11-01 to 2026-11-30

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 will cost about 310.00 EUR by 2026-11-30: 220.00 in 22 days so far and 90.00 forecast for 9 days; about -7 JPY by 2026-11-30: -7 in 1 day so far and 0 forecast for 0 days; about 0.12 USD by 2026-11-30: 0.09 in 22 days so far and 0.04 forecast for 9 days (actual cost, whole UTC days, as of 2026-11-22T10:34:03Z).

    | Days       | Forecast (EUR) |            |
    | :--------- | -------------: | :--------- |
    | 2026-11-22 |          10.00 | ██████████ |
    | 2026-11-23 |          10.00 | ██████████ |
    | 2026-11-24 |          10.00 | ██████████ |
    | 2026-11-25 |          10.00 | ██████████ |
    | 2026-11-26 |          10.00 | ██████████ |
    | 2026-11-27 |          10.00 | ██████████ |
    | 2026-11-28 |          10.00 | ██████████ |
    | 2026-11-29 |          10.00 | ██████████ |
    | 2026-11-30 |          10.00 | ██████████ |
    | **Total**  |      **90.00** |            |

    | Days       | Forecast (USD) |            |
    | :--------- | -------------: | :--------- |
    | 2026-11-22 |          <0.01 | ██████████ |
    | 2026-11-23 |          <0.01 | ██████████ |
    | 2026-11-24 |          <0.01 | ██████████ |
    | 2026-11-25 |          <0.01 | ██████████ |
    | 2026-11-26 |          <0.01 | ██████████ |
    | 2026-11-27 |          <0.01 | ██████████ |
    | 2026-11-28 |          <0.01 | ██████████ |
    | 2026-11-29 |          <0.01 | ██████████ |
    | 2026-11-30 |          <0.01 | ██████████ |
    | **Total**  |       **0.04** |            |

    - Amounts are rounded one by one, so that parts may miss their total in the last place.
    - The forecast is Azure's own model of past costs: an estimate that knows nothing of planned changes.
    - Usage of the last two to three days is still arriving: the costs so far will grow.
    - Tax, support plans and credits are not included.
    ");
}

#[test]
fn on_the_last_day_nothing_remains() {
    let query = ForecastQuery { horizon: Horizon::new(None, day("2026-11-30")).unwrap(), ..query("") };
    let told = |lines| {
        let answer = answer(&query, &Forecast::Available(lines), NOW);
        assert_follows(&answer.data(), &tool().output);
        answer.text
    };
    assert_snapshot!(told(vec![line(day("2026-11-30"), CostStatus::Actual, "12.5", "EUR")]), @"
    **Cost forecast**, 2026-11-01 to 2026-11-30

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 will cost about 12.50 EUR by 2026-11-30: 12.50 in 1 day so far and 0.00 forecast for 0 days (actual cost, whole UTC days, as of 2026-11-22T10:34:03Z).

    - The forecast is Azure's own model of past costs: an estimate that knows nothing of planned changes.
    - Usage of the last two to three days is still arriving: the costs so far will grow.
    - Tax, support plans and credits are not included.
    ");
    assert_snapshot!(told(vec![]), @"
    **Cost forecast**, 2026-11-01 to 2026-11-30

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 will cost nothing by 2026-11-30 (actual cost, whole UTC days, as of 2026-11-22T10:34:03Z).

    - The forecast is Azure's own model of past costs: an estimate that knows nothing of planned changes.
    ");
}

#[test]
fn where_there_is_no_forecast_the_answer_says_why_and_what_to_do() {
    let told = |reason, actual| {
        let answer = answered("", &Forecast::Unavailable { reason, actual });
        assert_eq!(answer.data()["available"], false);
        assert_eq!(answer.data()["reason"], serde_json::to_value(reason).unwrap());
        for currency in answer.data()["currencies"].as_array().unwrap() {
            assert_eq!(currency.get("forecastTotal"), None, "what was spent so far is no forecast");
        }
        answer.text
    };
    assert_snapshot!(told(NoForecast::NoCosts, vec![]), @"
    **Cost forecast**, 2026-11-01 to 2026-11-30

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 has no forecast until 2026-11-30 (actual cost, whole UTC days, as of 2026-11-22T10:34:03Z). There are no costs to learn from: it is new, or nothing in it costs anything. A new subscription shows costs after up to 48 hours and a forecast after 28 days of them: ask again then. Sponsored and student subscriptions never have one.
    ");
    assert_snapshot!(told(NoForecast::TooLittleHistory, vec![line(day("2026-11-20"), CostStatus::Actual, "12.5", "EUR")]), @"
    **Cost forecast**, 2026-11-01 to 2026-11-30

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 has no forecast until 2026-11-30 (actual cost, whole UTC days, as of 2026-11-22T10:34:03Z). It cost 12.50 EUR since 2026-11-01. Azure forecasts from the costs of at least 28 days, and has fewer, or none it can learn from. Ask again when the costs go back that far; until then cost_by_service says what was spent. Sponsored and student subscriptions never have a forecast.

    - Usage of the last two to three days is still arriving: the costs so far will grow.
    - Tax, support plans and credits are not included.
    ");
    assert_snapshot!(told(NoForecast::UnsupportedOffer, vec![]), @"
    **Cost forecast**, 2026-11-01 to 2026-11-30

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 has no forecast until 2026-11-30 (actual cost, whole UTC days, as of 2026-11-22T10:34:03Z). Cost Management does not support the subscription's offer: sponsored, student and classic partner subscriptions have neither costs nor forecasts here. Ask whoever pays for it: the sponsor's portal, or the partner, shows them.
    ");
}

#[test]
fn the_schemas_are_written_out() {
    assert_snapshot!(format!("{:#}", tool().input), @r#"
    {
      "additionalProperties": false,
      "properties": {
        "metric": {
          "description": "`actual`, as billed, or `amortized`, with reservations and savings plans spread over their use. Default: actual.",
          "enum": [
            "actual",
            "amortized"
          ],
          "examples": [
            "amortized"
          ],
          "type": "string"
        },
        "resourceGroup": {
          "description": "Only this resource group of the subscription: its name. A role on it is enough.",
          "examples": [
            "rg-shop-prod"
          ],
          "maxLength": 90,
          "minLength": 1,
          "type": "string"
        },
        "subscriptionId": {
          "description": "The subscription's id: a GUID, not a name.",
          "examples": [
            "0b1f6471-1bf0-4dda-aec3-cb9272f09590"
          ],
          "pattern": "^(/subscriptions/)?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
          "type": "string"
        },
        "until": {
          "description": "Last day of the forecast, inclusive, as YYYY-MM-DD (UTC): today or later. Default: the last day of this month.",
          "examples": [
            "2026-11-30"
          ],
          "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
          "type": "string"
        }
      },
      "required": [
        "subscriptionId"
      ],
      "type": "object"
    }
    "#);
    assert_snapshot!(tool().output.to_string(), @r#"{"properties":{"asOf":{"description":"When Azure was asked, as RFC 3339 in UTC. Azure's own data is some hours older.","type":"string"},"available":{"description":"Whether Azure has a forecast. Without one there are the costs so far at most.","type":"boolean"},"currencies":{"description":"One for each currency; they are never added together.","items":{"description":"Costs of one currency. `forecastTotal` is exactly `actualToDate` and `forecastRemaining` together.","properties":{"actualDays":{"description":"How many days have such costs.","minimum":0,"type":"integer"},"actualToDate":{"description":"What was spent so far.","properties":{"amount":{"description":"Rounded to the currency's places.","pattern":"^-?[0-9]+(\\.[0-9]+)?$","type":"string"},"amountExact":{"description":"Not rounded.","pattern":"^-?[0-9]+(\\.[0-9]+)?$","type":"string"},"currency":{"description":"ISO 4217.","pattern":"^[A-Z]{3}$","type":"string"}},"required":["amount","amountExact","currency"],"type":"object"},"forecastDays":{"description":"How many days have such costs; today may have both.","minimum":0,"type":"integer"},"forecastRemaining":{"description":"What Azure expects beyond that.","properties":{"amount":{"description":"Rounded to the currency's places.","pattern":"^-?[0-9]+(\\.[0-9]+)?$","type":"string"},"amountExact":{"description":"Not rounded.","pattern":"^-?[0-9]+(\\.[0-9]+)?$","type":"string"},"currency":{"description":"ISO 4217.","pattern":"^[A-Z]{3}$","type":"string"}},"required":["amount","amountExact","currency"],"type":"object"},"forecastTotal":{"description":"Both together: where it will end.","properties":{"amount":{"description":"Rounded to the currency's places.","pattern":"^-?[0-9]+(\\.[0-9]+)?$","type":"string"},"amountExact":{"description":"Not rounded.","pattern":"^-?[0-9]+(\\.[0-9]+)?$","type":"string"},"currency":{"description":"ISO 4217.","pattern":"^[A-Z]{3}$","type":"string"}},"required":["amount","amountExact","currency"],"type":"object"},"remaining":{"description":"What Azure expects, day by day or week by week. Exactly `forecastRemaining` together.","items":{"description":"Some days.","properties":{"cost":{"properties":{"amount":{"description":"Rounded to the currency's places.","pattern":"^-?[0-9]+(\\.[0-9]+)?$","type":"string"},"amountExact":{"description":"Not rounded.","pattern":"^-?[0-9]+(\\.[0-9]+)?$","type":"string"},"currency":{"description":"ISO 4217.","pattern":"^[A-Z]{3}$","type":"string"}},"required":["amount","amountExact","currency"],"type":"object"},"from":{"description":"First day, inclusive (UTC).","examples":["2026-10-01"],"pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}$","type":"string"},"to":{"description":"Last day, inclusive (UTC).","examples":["2026-10-01"],"pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}$","type":"string"}},"required":["from","to","cost"],"type":"object"},"type":"array"}},"required":["actualToDate","actualDays"],"type":"object"},"type":"array"},"explanation":{"description":"The same in a sentence, and what to do.","type":"string"},"from":{"description":"First day that is counted: the first of this month (UTC).","examples":["2026-10-01"],"pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}$","type":"string"},"metric":{"description":"Which costs are summed.","enum":["actual","amortized"],"type":"string"},"notes":{"items":{"type":"string"},"type":"array"},"reason":{"description":"Why there is no forecast.","enum":["noCosts","tooLittleHistory","unsupportedOffer"],"type":"string"},"scope":{"description":"How a scope is written in answers.","properties":{"managementGroupId":{"type":"string"},"resourceGroup":{"type":"string"},"subscriptionId":{"description":"The subscription's id: a GUID, not a name.","examples":["0b1f6471-1bf0-4dda-aec3-cb9272f09590"],"pattern":"^(/subscriptions/)?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$","type":"string"},"type":{"enum":["subscription","resourceGroup","managementGroup"],"type":"string"}},"required":["type"],"type":"object"},"until":{"description":"Last day that is counted (UTC).","examples":["2026-10-01"],"pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}$","type":"string"}},"required":["scope","metric","from","until","asOf","available","currencies","notes"],"type":"object"}"#);
}

/// The sentence for arguments that can't be used, else `fine`.
fn complaint(given: &Value) -> String {
    let input = tool().input;
    let arguments = arguments::Arguments::new(given.as_object().unwrap(), &input);
    let read = || {
        arguments.read::<SubscriptionArguments>()?.scope();
        let Arguments { until, .. } = arguments.read()?;
        Horizon::new(until, day(TODAY)).map_err(wrong)
    };
    match read() {
        Ok(_) => "fine".to_owned(),
        Err(BadArgument { sentence, how }) => format!("{sentence} {how}"),
    }
}

#[test]
fn arguments_of_the_right_form_are_read() {
    for given in [
        json!({ "subscriptionId": SUBSCRIPTION }),
        json!({ "subscriptionId": format!("/subscriptions/{SUBSCRIPTION}"), "resourceGroup": "rg-shop", "until": null }),
        json!({ "subscriptionId": SUBSCRIPTION, "until": "2026-12-09T00:00:00Z", "metric": "AmortizedCost" }),
        json!({ "subscriptionId": SUBSCRIPTION, "until": TODAY }),
    ] {
        assert_eq!(complaint(&given), "fine", "{given}");
    }
}

#[test]
fn a_wrong_argument_is_named_with_an_example_of_the_right_form() {
    let with = |name: &str, value: Value| complaint(&json!({ "subscriptionId": SUBSCRIPTION, name: value }));
    assert_snapshot!(complaint(&json!({})), @r#"Argument `subscriptionId` is missing. The subscription's id: a GUID, not a name. For example: `{"subscriptionId":"0b1f6471-1bf0-4dda-aec3-cb9272f09590"}`."#);
    assert_snapshot!(with("until", "2026-11-21".into()), @r#"Argument `until` (2026-11-21) is in the past: today is 2026-11-22 (UTC). Leave it out for the end of this month, or give a day as YYYY-MM-DD. For example: `{"until":"2026-11-30"}`."#);
    assert_snapshot!(with("until", "2026-12-31".into()), @r#"Argument `until` (2026-12-31) is too far away: from the first of this month Azure looks ahead until 2026-12-09. Leave it out for the end of this month, or give a day as YYYY-MM-DD. For example: `{"until":"2026-11-30"}`."#);
    assert_snapshot!(with("until", "month end".into()), @r#"Argument `until` is not valid. Last day of the forecast, inclusive, as YYYY-MM-DD (UTC): today or later. Default: the last day of this month. For example: `{"until":"2026-11-30"}`."#);
    assert_snapshot!(with("metric", "usage".into()), @r#"Argument `metric` is not valid. `actual`, as billed, or `amortized`, with reservations and savings plans spread over their use. Default: actual. For example: `{"metric":"amortized"}`."#);
    assert_snapshot!(with("managementGroupId", "contoso".into()), @"There is no argument `managementGroupId`. This tool takes `metric`, `resourceGroup`, `subscriptionId`, `until`.");
}

fn amount_of(money: &Value) -> Money {
    let currency = money["currency"].as_str().unwrap().parse().unwrap();
    Money::parse(money["amountExact"].as_str().unwrap(), currency).unwrap()
}

proptest! {
    // each case compiles the schema
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_parts_are_the_total(
        amounts in proptest::collection::vec((-1e6_f64..1e6, 0_i64..39, any::<bool>(), 0_usize..2), 1..90),
        until in 0_i64..18,
    ) {
        let lines: Vec<_> = amounts.iter().map(|&(amount, index, ahead, currency)| {
            let status = if ahead { CostStatus::Forecast } else { CostStatus::Actual };
            line(day("2026-11-01").plus(index), status, &amount.to_string(), ["EUR", "JPY"][currency])
        }).collect();
        let until = day(TODAY).plus(until);
        let lines: Vec<_> = lines.into_iter().filter(|line| line.day <= until).collect();
        let answer = answered(&until.to_string(), &Forecast::Available(lines.clone()));
        let all = Totals::of(lines.iter().map(|line| &line.cost));
        for currency in answer.data()["currencies"].as_array().unwrap() {
            let [actual, remaining, total] =
                ["actualToDate", "forecastRemaining", "forecastTotal"].map(|name| amount_of(&currency[name]));
            prop_assert_eq!(Totals::of([&actual, &remaining]).in_currency(total.currency()), total.clone());
            prop_assert_eq!(all.in_currency(total.currency()), total);
            let stretches = currency["remaining"].as_array().unwrap();
            prop_assert!(stretches.len() <= 10);
            let parts: Vec<_> = stretches.iter().map(|stretch| amount_of(&stretch["cost"])).collect();
            prop_assert_eq!(Totals::of(&parts).in_currency(remaining.currency()), remaining);
        }
    }
}
