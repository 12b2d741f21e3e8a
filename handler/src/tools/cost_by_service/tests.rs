//! Proves what `cost_by_service` accepts and says, for answers given here. Real services and agreements need a tenant.

use std::sync::LazyLock;

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    azure::{CostScope, Metric, Name, Period},
    tools::{arguments, tests::assert_follows},
};

static OUTPUT: LazyLock<Value> = LazyLock::new(|| tool().output);

const NOW: UnixTime = UnixTime(1_795_343_643); // 2026-11-22T11:14:03Z
const SUBSCRIPTION: &str = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";

fn query(from: &str, to: &str) -> CostQuery {
    let today = "2026-11-22".parse().unwrap();
    CostQuery {
        scope: CostScope::Subscription(SUBSCRIPTION.parse().unwrap()),
        period: Period::new(from.parse().ok(), to.parse().ok(), today).unwrap(),
        metric: Metric::Actual,
        granularity: Granularity::None,
        group_by: vec![Grouping::Dimension(Dimension::ServiceName)],
        filters: vec![],
        with_usd: false,
    }
}

fn line(service: &str, publisher: &str, amount: &str, currency: &str) -> CostLine {
    CostLine {
        names: vec![Name::new(service), Name::new(publisher)],
        date: None,
        cost: Money::parse(amount, currency.parse().unwrap()).unwrap(),
        usd: None,
    }
}

fn costs(lines: &[(&str, &str, &str)]) -> Costs {
    let of_azure = |&(name, amount, currency): &(&str, &str, &str)| line(name, "Azure", amount, currency);
    Costs { lines: lines.iter().map(of_azure).collect(), capped: false }
}

#[track_caller]
fn answered(query: &CostQuery, costs: Costs, top: u64) -> Answer {
    let answer = answer(query, costs, top.try_into().unwrap(), NOW);
    assert_follows(&answer.data(), &OUTPUT);
    answer
}

const OCTOBER: [(&str, &str, &str); 5] = [
    ("Storage", "98.4420013", "EUR"),
    ("Virtual Machines", "1842.118430275512", "EUR"),
    ("Azure DNS", "2.6E-06", "EUR"),
    ("SQL Database", "611.0273940012", "EUR"),
    ("Bandwidth", "-12.5", "EUR"),
];

#[test]
fn the_text_is_the_whole_answer() {
    let answer = answered(&query("2026-10-01", "2026-10-31"), costs(&OCTOBER), 20);
    assert_snapshot!(answer.text, @"
    **Spend by service**, 2026-10-01 to 2026-10-31

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 cost 2539.09 EUR (actual cost, whole UTC days, as of 2026-11-22T10:34:03Z).

    | Service          |  Cost (EUR) |   Share |            |
    | :--------------- | ----------: | ------: | :--------- |
    | Virtual Machines |     1842.12 |  72.6 % | ██████████ |
    | SQL Database     |      611.03 |  24.1 % | ████░░░░░░ |
    | Storage          |       98.44 |   3.9 % | █░░░░░░░░░ |
    | Azure DNS        |       <0.01 |   0.0 % | █░░░░░░░░░ |
    | Bandwidth        |      -12.50 |  -0.5 % |            |
    | **Total**        | **2539.09** | 100.0 % |            |

    - Shares are rounded one by one, so that they do not add up to exactly 100 %.
    - Tax, support plans and credits are not included.
    ");
}

#[test]
fn what_the_top_leaves_out_is_summed_up_and_still_counted() {
    let answer = answered(&query("2026-10-01", "2026-10-31"), costs(&OCTOBER), 2);
    assert_snapshot!(answer.text, @"
    **Spend by service**, 2026-10-01 to 2026-10-31

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 cost 2539.09 EUR (actual cost, whole UTC days, as of 2026-11-22T10:34:03Z).

    | Service          |  Cost (EUR) |   Share |            |
    | :--------------- | ----------: | ------: | :--------- |
    | Virtual Machines |     1842.12 |  72.6 % | ██████████ |
    | SQL Database     |      611.03 |  24.1 % | ████░░░░░░ |
    | Other (3 items)  |       85.94 |   3.4 % | █░░░░░░░░░ |
    | **Total**        | **2539.09** | 100.0 % |            |

    - Shares are rounded one by one, so that they do not add up to exactly 100 %.
    - Tax, support plans and credits are not included.
    ");
    assert_snapshot!(format!("{:#}", answer.data()), @r#"
    {
      "asOf": "2026-11-22T10:34:03Z",
      "complete": true,
      "currencies": [
        {
          "items": [
            {
              "cost": {
                "amount": "1842.12",
                "amountExact": "1842.118430275512",
                "currency": "EUR"
              },
              "names": [
                "Virtual Machines"
              ],
              "sharePercent": "72.6"
            },
            {
              "cost": {
                "amount": "611.03",
                "amountExact": "611.0273940012",
                "currency": "EUR"
              },
              "names": [
                "SQL Database"
              ],
              "sharePercent": "24.1"
            }
          ],
          "other": {
            "cost": {
              "amount": "85.94",
              "amountExact": "85.9420039",
              "currency": "EUR"
            },
            "count": 3,
            "sharePercent": "3.4"
          },
          "total": {
            "amount": "2539.09",
            "amountExact": "2539.087828176712",
            "currency": "EUR"
          }
        }
      ],
      "metric": "actual",
      "notes": [
        "Shares are rounded one by one, so that they do not add up to exactly 100 %.",
        "Tax, support plans and credits are not included."
      ],
      "period": {
        "estimate": false,
        "from": "2026-10-01",
        "lastDaysIncomplete": false,
        "to": "2026-10-31",
        "toWasClamped": false
      },
      "scope": {
        "subscriptionId": "0b1f6471-1bf0-4dda-aec3-cb9272f09590",
        "type": "subscription"
      }
    }
    "#);
}

#[test]
fn currencies_stay_apart() {
    let lines = [
        ("Storage", "10", "USD"),
        ("Storage", "10", "EUR"),
        ("SQL Database", "30", "EUR"),
        ("Windows 365", "1200.5", "JPY"),
    ];
    let answer = answered(&query("2026-10-01", "2026-10-31"), costs(&lines), 20);
    assert_snapshot!(answer.text, @"
    **Spend by service**, 2026-10-01 to 2026-10-31

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 cost 40.00 EUR and 1201 JPY and 10.00 USD (actual cost, whole UTC days, as of 2026-11-22T10:34:03Z).

    | Service      | Cost (EUR) |   Share |            |
    | :----------- | ---------: | ------: | :--------- |
    | SQL Database |      30.00 |  75.0 % | ██████████ |
    | Storage      |      10.00 |  25.0 % | ████░░░░░░ |
    | **Total**    |  **40.00** | 100.0 % |            |

    | Service     | Cost (JPY) |   Share |            |
    | :---------- | ---------: | ------: | :--------- |
    | Windows 365 |       1201 | 100.0 % | ██████████ |
    | **Total**   |   **1201** | 100.0 % |            |

    | Service   | Cost (USD) |   Share |            |
    | :-------- | ---------: | ------: | :--------- |
    | Storage   |      10.00 | 100.0 % | ██████████ |
    | **Total** |  **10.00** | 100.0 % |            |

    - Tax, support plans and credits are not included.
    ");
}

#[test]
fn credits_alone_have_no_shares() {
    let answer =
        answered(&query("2026-10-01", "2026-10-31"), costs(&[("Credit", "-5", "EUR"), ("Storage", "1", "EUR")]), 20);
    assert_snapshot!(answer.text, @"
    **Spend by service**, 2026-10-01 to 2026-10-31

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 cost -4.00 EUR (actual cost, whole UTC days, as of 2026-11-22T10:34:03Z).

    | Service   | Cost (EUR) | Share |            |
    | :-------- | ---------: | ----: | :--------- |
    | Storage   |       1.00 |       | ██████████ |
    | Credit    |      -5.00 |       |            |
    | **Total** |  **-4.00** |       |            |

    - Tax, support plans and credits are not included.
    ");
}

#[test]
fn what_limits_the_answer_is_said() {
    let capped = Costs { capped: true, ..costs(&OCTOBER[..1]) };
    let answer = answered(&query("", "2026-12-24"), capped, 20);
    assert_snapshot!(answer.text, @"
    **Spend by service**, 2026-11-01 to 2026-11-22

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 cost 98.44 EUR (actual cost, whole UTC days, as of 2026-11-22T10:34:03Z).

    | Service   | Cost (EUR) |   Share |            |
    | :-------- | ---------: | ------: | :--------- |
    | Storage   |      98.44 | 100.0 % | ██████████ |
    | **Total** |  **98.44** | 100.0 % |            |

    - Azure has more than 10 pages of lines; the rest was not read and the totals are too low. Ask for fewer days.
    - The period ends today, 2026-11-22 (UTC): later days have no costs yet.
    - Usage of the last two to three days is still arriving.
    - The last month of the period is still open: its costs may change until the fifth of the next month.
    - Tax, support plans and credits are not included.
    ");
    assert_eq!(answer.data()["complete"], false);
    assert_eq!(answer.data()["period"]["toWasClamped"], true);
    assert_eq!(answer.data()["period"]["estimate"], true);
}

#[test]
fn a_hostile_name_stays_in_its_cell() {
    let hostile = "x | **9999.99** |\r\n| ![](https://evil.example/?q=\u{e0041}) <script> \u{202e}";
    let answer = answered(&query("2026-10-01", "2026-10-31"), costs(&[(hostile, "1", "EUR")]), 20);
    assert_snapshot!(answer.text, @r"
    **Spend by service**, 2026-10-01 to 2026-10-31

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 cost 1.00 EUR (actual cost, whole UTC days, as of 2026-11-22T10:34:03Z).

    | Service   | Cost (EUR) |   Share |            |
    | :-------- | ---------: | ------: | :--------- |
    | x \| \*\*9999.99\*\* \|  \| \!\[\]\(https\://evil.example/?q=\) \<script\> |       1.00 | 100.0 % | ██████████ |
    | **Total** |   **1.00** | 100.0 % |            |

    - Tax, support plans and credits are not included.
    ");
    assert_eq!(answer.data()["currencies"][0]["items"][0]["names"][0], Name::new(hostile).as_str());
}

/// The sentence for arguments that can't be used, else `fine`.
fn complaint(given: &Value) -> String {
    let input = tool().input;
    let arguments = arguments::Arguments::new(given.as_object().unwrap(), &input);
    let today = "2026-11-22".parse().unwrap();
    let read = || {
        arguments.read::<ScopeArguments>()?.scope()?;
        arguments.read::<PeriodArguments>()?.period(today)?;
        arguments.read::<CostArguments>()?.filters()?;
        arguments.read::<Arguments>()
    };
    match read() {
        Ok(_) => "fine".to_owned(),
        Err(arguments::BadArgument { sentence, how }) => format!("{sentence} {how}"),
    }
}

#[test]
fn arguments_of_the_right_form_are_read() {
    for given in [
        json!({ "subscriptionId": SUBSCRIPTION }),
        json!({ "subscriptionId": SUBSCRIPTION.to_uppercase(), "from": "2024-02-29", "to": "2024-03-01", "top": 50 }),
        json!({ "subscriptionId": SUBSCRIPTION, "from": null, "to": null, "top": null }),
        json!({ "subscriptionId": SUBSCRIPTION, "top": 1 }),
        json!({ "subscriptionId": format!("/subscriptions/{SUBSCRIPTION}"), "resourceGroup": "rg-shop" }),
        json!({ "managementGroupId": "contoso", "period": "last_month", "metric": "AmortizedCost" }),
        json!({ "subscriptionId": SUBSCRIPTION, "filters": { "by": "tag:env", "values": ["prod"] } }),
        json!({ "subscriptionId": SUBSCRIPTION, "filters": "[{\"by\":\"service\",\"values\":[\"Storage\"]}]" }),
        json!({ "subscriptionId": SUBSCRIPTION, "from": "2026-10-01T00:00:00Z", "to": "2026-10-31T23:59:59Z" }),
    ] {
        assert_eq!(complaint(&given), "fine", "{given}");
    }
}

#[test]
fn a_wrong_argument_is_named_with_an_example_of_the_right_form() {
    let with = |name: &str, value: Value| {
        let mut given = json!({ "subscriptionId": SUBSCRIPTION });
        given[name] = value;
        complaint(&given)
    };
    assert_snapshot!(complaint(&json!({})), @r#"Argument `subscriptionId` is missing. Give the subscription's id, with a resource group if only that is meant; or a management group. For example: `{"subscriptionId":"0b1f6471-1bf0-4dda-aec3-cb9272f09590"}`."#);
    assert_snapshot!(complaint(&json!({ "subscription_id": SUBSCRIPTION })), @"There is no argument `subscription_id`. This tool takes `filters`, `from`, `managementGroupId`, `metric`, `period`, `resourceGroup`, `subscriptionId`, `to`, `top`.");
    assert_snapshot!(with("subscriptionId", "../providers".into()), @r#"Argument `subscriptionId` is not valid. The subscription's id: a GUID, not a name. For example: `{"subscriptionId":"0b1f6471-1bf0-4dda-aec3-cb9272f09590"}`."#);
    assert_snapshot!(with("from", "01.10.2026".into()), @r#"Argument `from` is not valid. First day, inclusive, as YYYY-MM-DD (UTC), not before 2014-05-01. Default: the first of the month of `to`. For example: `{"from":"2026-10-01"}`."#);
    assert_snapshot!(with("top", 51.into()), @r#"Argument `top` is not valid. How many to show one by one, 1 to 50; the rest is summed up. Default: 20. For example: `{"top":20}`."#);
    let subscription = with("subscriptionId", "../providers".into());
    for value in [json!("shop-prod"), json!(7), json!([SUBSCRIPTION])] {
        assert_eq!(with("subscriptionId", value.clone()), subscription, "{value}");
    }
    let day = with("from", "01.10.2026".into());
    for value in [json!("2023-02-29"), json!("today"), json!(20_261_001), json!({}), json!("")] {
        assert_eq!(with("from", value.clone()), day, "{value}");
        assert_eq!(with("to", value.clone()), day.replace("Argument `from`", "Argument `to`").replace(
            "First day, inclusive, as YYYY-MM-DD (UTC), not before 2014-05-01. Default: the first of the month of `to`.",
            "Last day, inclusive, as YYYY-MM-DD (UTC), at most 364 days in all. Default: today.").replace(r#""from":"2026-10-01""#, r#""to":"2026-10-31""#), "{value}");
    }
    let top = with("top", 51.into());
    for value in [json!(0), json!(-1), json!("20"), json!(2.5), json!(u64::MAX), json!(true)] {
        assert_eq!(with("top", value.clone()), top, "{value}");
    }
    assert_snapshot!(with("`\n\u{202e}evil", 1.into()), @"There is no argument `` evil`. This tool takes `filters`, `from`, `managementGroupId`, `metric`, `period`, `resourceGroup`, `subscriptionId`, `to`, `top`.");
}

proptest! {
    // a case is a whole answer, judged by its schema
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_parts_shown_and_the_rest_are_the_total(
        amounts in proptest::collection::vec((-1e6_f64..1e6, 0_usize..2), 1..80),
        top in 1_u64..=50,
    ) {
        let lines: Vec<_> = amounts.iter().enumerate().map(|(index, (amount, currency))| {
            line(&index.to_string(), "Azure", &amount.to_string(), ["EUR", "JPY"][*currency])
        }).collect();
        let answer = answered(&query("2026-10-01", "2026-10-31"), Costs { lines, capped: false }, top);
        let read = |money: &Value| {
            let currency = money["currency"].as_str().unwrap().parse().unwrap();
            Money::parse(money["amountExact"].as_str().unwrap(), currency).unwrap()
        };
        for currency in answer.data()["currencies"].as_array().unwrap() {
            let shown = currency["items"].as_array().unwrap().iter();
            let parts: Vec<_> = shown.chain(currency.get("other")).map(|part| read(&part["cost"])).collect();
            let total = read(&currency["total"]);
            let sum = Totals::of(&parts);
            prop_assert_eq!(sum.in_currency(total.currency()), total);
        }
    }
}
