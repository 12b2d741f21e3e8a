//! What is said of two periods, as text and as data.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::azure::Totals;

#[test]
fn the_text_is_the_whole_answer() {
    assert_snapshot!(answered(json!({}), october()).text, @"
    **Why costs changed**, 2026-10-01 to 2026-10-31

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 cost 3079.09 EUR from 2026-10-01 to 2026-10-31, 806.36 EUR (35.5 %) more than from 2026-09-01 to 2026-09-30 (actual cost, whole UTC days, as of 2026-11-22T10:34:03Z). The largest reasons: Virtual Machines +700.83, SQL Database +110.53, Azure Firewall +40.00. Charged at once, not by use: a one-time purchase of 500.00 EUR (Virtual Machines) in this period only; a one-time refund of -20.00 EUR (SQL Database) in the base only.

    | Service          |  Base (EUR) | Current (EUR) |      Change |       % |            |
    | :--------------- | ----------: | ------------: | ----------: | ------: | :--------- |
    | Virtual Machines |     1641.29 |       2342.12 |     +700.83 | +42.7 % | ██████████ |
    | SQL Database     |      500.50 |        611.03 |     +110.53 | +22.1 % | ██░░░░░░░░ |
    | Azure Firewall   |        0.00 |         40.00 |      +40.00 |     new | █░░░░░░░░░ |
    | API Management   |       32.50 |          0.00 |      -32.50 | removed | █░░░░░░░░░ |
    | Bandwidth        |        0.00 |        -12.50 |      -12.50 |     new | █░░░░░░░░░ |
    | Azure DNS        |       <0.01 |          0.00 |      >-0.01 | removed | █░░░░░░░░░ |
    | Storage          |       98.44 |         98.44 |        0.00 |   0.0 % |            |
    | **Total**        | **2272.73** |   **3079.09** | **+806.36** | +35.5 % |            |

    New: Azure Firewall 40.00, Bandwidth -12.50.

    No longer there: API Management 32.50, Azure DNS <0.01.

    - The base has 30 days, this period 31; the change per day is +31.1 % (EUR).
    - Azure's charge type does not tell whether a purchase will recur.
    - Tax, support plans and credits are not included.
    ");
}

#[test]
fn the_data_says_the_same() {
    let lines = months(&[("Virtual Machines", "100", "150.005"), ("Storage", "", "3"), ("Bandwidth", "2", "")]);
    assert_snapshot!(format!("{:#}", answered(json!({ "top": 1 }), lines).data()), @r#"
    {
      "asOf": "2026-11-22T10:34:03Z",
      "basePeriod": {
        "estimate": false,
        "from": "2026-09-01",
        "lastDaysIncomplete": false,
        "to": "2026-09-30",
        "toWasClamped": false
      },
      "complete": true,
      "currencies": [
        {
          "movers": [
            {
              "base": {
                "amount": "100.00",
                "amountExact": "100",
                "currency": "EUR"
              },
              "change": {
                "amount": "50.01",
                "amountExact": "50.005",
                "currency": "EUR"
              },
              "changePercent": "50.0",
              "current": {
                "amount": "150.01",
                "amountExact": "150.005",
                "currency": "EUR"
              },
              "kind": "increased",
              "names": [
                "Virtual Machines"
              ],
              "regimeBreak": false
            }
          ],
          "new": [
            {
              "cost": {
                "amount": "3.00",
                "amountExact": "3",
                "currency": "EUR"
              },
              "names": [
                "Storage"
              ]
            }
          ],
          "other": {
            "base": {
              "amount": "2.00",
              "amountExact": "2",
              "currency": "EUR"
            },
            "change": {
              "amount": "1.00",
              "amountExact": "1",
              "currency": "EUR"
            },
            "changePercent": "50.0",
            "count": 2,
            "current": {
              "amount": "3.00",
              "amountExact": "3",
              "currency": "EUR"
            },
            "kind": "increased",
            "regimeBreak": false
          },
          "perDayChangePercent": "45.2",
          "removed": [
            {
              "cost": {
                "amount": "2.00",
                "amountExact": "2",
                "currency": "EUR"
              },
              "names": [
                "Bandwidth"
              ]
            }
          ],
          "total": {
            "base": {
              "amount": "102.00",
              "amountExact": "102",
              "currency": "EUR"
            },
            "change": {
              "amount": "51.01",
              "amountExact": "51.005",
              "currency": "EUR"
            },
            "changePercent": "50.0",
            "current": {
              "amount": "153.01",
              "amountExact": "153.005",
              "currency": "EUR"
            },
            "kind": "increased",
            "regimeBreak": false
          }
        }
      ],
      "groupedBy": "ServiceName",
      "metric": "actual",
      "notes": [
        "The base has 30 days, this period 31; the change per day is +45.2 % (EUR).",
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
fn an_open_month_is_compared_over_its_closed_days_and_it_is_said() {
    let usage = |date, amount| line(date, &["Storage", "Usage"], amount, "EUR");
    let lines = vec![
        usage("2026-10-01", "10"),
        usage("2026-10-19", "1"),
        usage("2026-10-20", "1000"),
        usage("2026-10-31", "1000"),
        usage("2026-11-01", "12"),
        usage("2026-11-19", "2"),
    ];
    let answer = answered(json!({ "period": "thisMonth" }), lines);
    assert_snapshot!(answer.text, @"
    **Why costs changed**, 2026-11-01 to 2026-11-19

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 cost 14.00 EUR from 2026-11-01 to 2026-11-19, 3.00 EUR (27.3 %) more than from 2026-10-01 to 2026-10-19 (actual cost, whole UTC days, as of 2026-11-22T10:34:03Z). The reason: Storage +3.00.

    | Service   | Base (EUR) | Current (EUR) |    Change |       % |            |
    | :-------- | ---------: | ------------: | --------: | ------: | :--------- |
    | Storage   |      11.00 |         14.00 |     +3.00 | +27.3 % | ██████████ |
    | **Total** |  **11.00** |     **14.00** | **+3.00** | +27.3 % |            |

    - A period is still open, so that the first 19 days of each are compared, up to 2026-11-19: usage of the last two to three days is still arriving.
    - The last month of the period is still open: its costs may change until the fifth of the next month.
    - Tax, support plans and credits are not included.
    ");
    assert_eq!(answer.data()["period"]["to"], "2026-11-19");
    assert_eq!(answer.data()["basePeriod"]["to"], "2026-10-19");
}

#[test]
fn currencies_steps_and_credits_have_their_own_sentences() {
    let usage = |date, name, amount, currency| line(date, &[name, "Usage"], amount, currency);
    let lines = vec![
        usage("2026-09-01", "Storage", "10", "EUR"),
        usage("2026-10-01", "Storage", "910", "EUR"),
        usage("2026-09-01", "Credit", "-5", "EUR"),
        usage("2026-10-01", "Credit", "-8", "EUR"),
        usage("2026-10-01", "Windows 365", "1200.5", "JPY"),
        usage("2026-09-01", "Bandwidth", "0.004", "USD"),
        usage("2026-09-01", "Grafana", "7", "GBP"),
        usage("2026-10-01", "Grafana", "7.00", "GBP"),
    ];
    assert_snapshot!(answered(json!({ "filters": [{ "by": "tag:env", "values": ["prod"] }] }), lines).text, @r"
    **Why costs changed**, 2026-10-01 to 2026-10-31

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 cost 902.00 EUR from 2026-10-01 to 2026-10-31, 897.00 EUR more than from 2026-09-01 to 2026-09-30 (actual cost, whole UTC days, as of 2026-11-22T10:34:03Z), counting only tag\:env = prod. The largest reasons: Storage +900.00 (a step from 10.00 to 910.00), Credit -3.00.

    | Service   | Base (EUR) | Current (EUR) |      Change |    % |            |
    | :-------- | ---------: | ------------: | ----------: | ---: | :--------- |
    | Storage   |      10.00 |        910.00 |     +900.00 | step | ██████████ |
    | Credit    |      -5.00 |         -8.00 |       -3.00 |      | █░░░░░░░░░ |
    | **Total** |   **5.00** |    **902.00** | **+897.00** | step |            |

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 cost 7.00 GBP from 2026-10-01 to 2026-10-31, as much as from 2026-09-01 to 2026-09-30.

    | Service   | Base (GBP) | Current (GBP) |   Change |     % |      |
    | :-------- | ---------: | ------------: | -------: | ----: | :--- |
    | Grafana   |       7.00 |          7.00 |     0.00 | 0.0 % |      |
    | **Total** |   **7.00** |      **7.00** | **0.00** | 0.0 % |      |

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 cost 1201 JPY from 2026-10-01 to 2026-10-31, after nothing from 2026-09-01 to 2026-09-30. The reason: Windows 365 +1201.

    | Service     | Base (JPY) | Current (JPY) |    Change |    % |            |
    | :---------- | ---------: | ------------: | --------: | ---: | :--------- |
    | Windows 365 |          0 |          1201 |     +1201 |  new | ██████████ |
    | **Total**   |      **0** |      **1201** | **+1201** |  new |            |

    New: Windows 365 1201.

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 cost 0.00 USD from 2026-10-01 to 2026-10-31, after <0.01 USD from 2026-09-01 to 2026-09-30. The reason: Bandwidth >-0.01.

    | Service   | Base (USD) | Current (USD) |     Change |       % |            |
    | :-------- | ---------: | ------------: | ---------: | ------: | :--------- |
    | Bandwidth |      <0.01 |          0.00 |     >-0.01 | removed | ██████████ |
    | **Total** |  **<0.01** |      **0.00** | **>-0.01** | removed |            |

    No longer there: Bandwidth <0.01.

    - The base has 30 days, this period 31; the change per day is -3.2 % (GBP).
    - Tax, support plans and credits are not included.
    ");
}

#[test]
fn a_charge_that_is_the_same_in_both_periods_is_not_called_out() {
    let purchase = |date, amount| line(date, &["SaaS", "Purchase"], amount, "EUR");
    let same = answered(json!({}), vec![purchase("2026-09-01", "99"), purchase("2026-10-01", "99.0")]);
    assert!(!same.text.contains("Charged at once"), "{}", same.text);
    let more = answered(json!({}), vec![purchase("2026-09-01", "99"), purchase("2026-10-01", "150")]);
    assert!(
        more.text.contains("Charged at once, not by use: purchases of 150.00 EUR (SaaS) after 99.00 EUR in the base.")
    );
    let by_type = vec![line("2026-10-01", &["Purchase"], "99", "EUR")];
    let by_type = answered(json!({ "groupBy": "ChargeType" }), by_type);
    assert!(
        by_type.text.contains("a one-time purchase of 99.00 EUR (Purchase) in this period only."),
        "{}",
        by_type.text
    );
}

#[test]
fn days_that_are_in_neither_period_count_nowhere() {
    let given = json!({ "baseFrom": "2026-07-01", "baseTo": "2026-07-31" });
    let usage = |date, amount| line(date, &["Storage", "Usage"], amount, "EUR");
    let lines = vec![usage("2026-07-01", "1"), usage("2026-08-01", "1000"), usage("2026-09-01", "1000")];
    let between = lines[1..].to_vec();
    assert_eq!(answered(given.clone(), lines).data()["currencies"][0]["total"]["change"]["amountExact"], "-1");
    let nothing = question(given).compared(costs(between), NOW);
    assert_eq!(nothing.err(), Some(CostError::NoData));
}

#[test]
fn a_hostile_name_stays_in_its_place() {
    let hostile = "x | **9999.99** |\r\n| ![](https://evil.example/?q=\u{e0041}) <script> \u{202e}";
    let lines = vec![line("2026-10-01", &[hostile, "Purchase"], "1", "EUR")];
    let resource = format!("/subscriptions/x/resourcegroups/{hostile}");
    let behind = vec![line("2026-10-01", &[&resource, hostile], "1", "EUR")];
    let answer = drilled(json!({ "drillDown": true }), lines, behind);
    assert_snapshot!(answer.text, @r"
    **Why costs changed**, 2026-10-01 to 2026-10-31

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 cost 1.00 EUR from 2026-10-01 to 2026-10-31, after nothing from 2026-09-01 to 2026-09-30 (actual cost, whole UTC days, as of 2026-11-22T10:34:03Z). The reason: x \| \*\*9999.99\*\* \|  \| \!\[\]\(https\://evil.example/?q=\) \<script\> +1.00. Charged at once, not by use: a one-time purchase of 1.00 EUR (x \| \*\*9999.99\*\* \|  \| \!\[\]\(https\://evil.example/?q=\) \<script\>) in this period only.

    | Service   | Base (EUR) | Current (EUR) |    Change |    % |            |
    | :-------- | ---------: | ------------: | --------: | ---: | :--------- |
    | x \| \*\*9999.99\*\* \|  \| \!\[\]\(https\://evil.example/?q=\) \<script\> |       0.00 |          1.00 |     +1.00 |  new | ██████████ |
    | **Total** |   **0.00** |      **1.00** | **+1.00** |  new |            |

    New: x \| \*\*9999.99\*\* \|  \| \!\[\]\(https\://evil.example/?q=\) \<script\> 1.00.

    Behind the change of x \| \*\*9999.99\*\* \|  \| \!\[\]\(https\://evil.example/?q=\) \<script\>:

    | Resource | Meter | Base (EUR) | Current (EUR) | Change |    % |            |
    | :------- | :---- | ---------: | ------------: | -----: | ---: | :--------- |
    | x \| \*\*9999.99\*\* \|  \| \!\[\]\(https\://evil.example/?q=\) \<script\> | x \| \*\*9999.99\*\* \|  \| \!\[\]\(https\://evil.example/?q=\) \<script\> |       0.00 |          1.00 |  +1.00 |  new | ██████████ |

    - The drill-down took a second query.
    - The base has 30 days, this period 31.
    - Azure's charge type does not tell whether a purchase will recur.
    - Tax, support plans and credits are not included.
    ");
    assert_eq!(answer.data()["currencies"][0]["movers"][0]["names"][0], Name::new(hostile).as_str());
}

proptest! {
    // a case is a whole answer, judged by its schema
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_change_is_exact_and_all_of_them_are_the_total_s(
        amounts in proptest::collection::vec((-1e6_f64..1e6, 0_usize..12, any::<bool>(), 0_usize..2, any::<bool>()), 1..80),
        top in 1_u64..=50,
    ) {
        let line = |(amount, item, is_base, currency, is_purchase): &(f64, usize, bool, usize, bool)| {
            let month = if *is_base { "2026-09-01" } else { "2026-10-01" };
            let charge = if *is_purchase { "Purchase" } else { "Usage" };
            line(month, &[&item.to_string(), charge], &amount.to_string(), ["EUR", "JPY"][*currency])
        };
        let lines: Vec<_> = amounts.iter().map(line).collect();
        let answer = answered(json!({ "top": top }), lines.clone());
        let money = |value: &Value| {
            let currency = value["currency"].as_str().unwrap().parse().unwrap();
            Money::parse(value["amountExact"].as_str().unwrap(), currency).unwrap()
        };
        for compared in answer.data()["currencies"].as_array().unwrap() {
            let total = &compared["total"];
            let currency = money(&total["change"]).currency();
            let parts: Vec<_> = compared["movers"].as_array().unwrap().iter().chain(compared.get("other")).collect();
            for change in parts.iter().copied().chain([total]) {
                prop_assert_eq!(money(&change["current"]).minus(&money(&change["base"])), Some(money(&change["change"])));
            }
            for side in ["base", "current", "change"] {
                let sum: Vec<_> = parts.iter().map(|part| money(&part[side])).collect();
                prop_assert_eq!(Totals::of(&sum).in_currency(currency), money(&total[side]));
            }
            let all = |month: &str| {
                let day = month.parse().ok();
                Totals::of(lines.iter().filter(|line| line.date == day).map(|line| &line.cost)).in_currency(currency)
            };
            prop_assert_eq!((all("2026-09-01"), all("2026-10-01")), (money(&total["base"]), money(&total["current"])));
            let sizes: Vec<_> = compared["movers"].as_array().unwrap().iter().map(|mover| money(&mover["change"]).abs()).collect();
            prop_assert!(sizes.is_sorted_by(|a, b| a.compare(b).is_ge()));
        }
    }
}
