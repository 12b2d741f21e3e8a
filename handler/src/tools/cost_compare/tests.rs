//! Proves what `cost_compare` asks, accepts and says, for answers given here. Whether Azure takes both periods in one
//! query over months, and which charge types an agreement has, needs its tenant.

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    azure::{CostLine, Granularity, Money, Name, Totals},
    tools::{arguments, tests::assert_follows},
};

const NOW: UnixTime = UnixTime(1_795_343_643); // 2026-11-22T10:34:03Z
const SUBSCRIPTION: &str = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";

/// With a subscription, unless there is a management group.
fn read(mut given: Value) -> Result<Question, BadArgument> {
    if given.get("managementGroupId").is_none() {
        given["subscriptionId"] = SUBSCRIPTION.into();
    }
    let input = tool().input;
    let arguments = arguments::Arguments::new(given.as_object().unwrap(), &input);
    let periods = arguments.read::<PeriodArguments>()?.periods("2026-11-22".parse().unwrap())?;
    Question::of(arguments.read::<ScopeArguments>()?.scope()?, periods, arguments.read()?, arguments.read()?)
}

#[track_caller]
fn question(given: Value) -> Question {
    read(given).unwrap_or_else(|wrong| panic!("{wrong:?}"))
}

/// `date names… amount currency`, the names as in the answer.
fn line(date: &str, names: &[&str], amount: &str, currency: &str) -> CostLine {
    CostLine {
        names: names.iter().copied().map(Name::value).collect(),
        date: Some(date.parse().unwrap()),
        cost: Money::parse(amount, currency.parse().unwrap()).unwrap(),
        usd: None,
    }
}

fn costs(lines: Vec<CostLine>) -> Costs {
    Costs { lines, capped: false }
}

/// September and October, of usage: `(service, September, October)`.
fn months(services: &[(&str, &str, &str)]) -> Vec<CostLine> {
    let of_month = |(service, september, october): &(&str, &str, &str)| {
        [("2026-09-01", *september), ("2026-10-01", *october)]
            .into_iter()
            .filter(|(_, amount)| !amount.is_empty())
            .map(|(month, amount)| line(month, &[service, "Usage"], amount, "EUR"))
            .collect::<Vec<_>>()
    };
    services.iter().flat_map(of_month).collect()
}

#[track_caller]
fn judged(compared: &Compared) -> Answer {
    let answer = compared.answer();
    assert_follows(&answer.data(), &tool().output);
    answer
}

#[track_caller]
fn answered(given: Value, lines: Vec<CostLine>) -> Answer {
    judged(&question(given).compared(costs(lines), NOW).unwrap())
}

/// The first answer, then the second.
#[track_caller]
fn drilled(given: Value, lines: Vec<CostLine>, behind: Vec<CostLine>) -> Answer {
    let question = question(given);
    let mut compared = question.compared(costs(lines), NOW).unwrap();
    let target = question.target(&compared).unwrap();
    compared.deepen(&question, target, costs(behind));
    judged(&compared)
}

fn october() -> Vec<CostLine> {
    let mut lines = months(&[
        ("Virtual Machines", "1641.288430275512", "1842.118430275512"),
        ("SQL Database", "520.5", "611.0273940012"),
        ("Storage", "98.4420013", "98.4420013"),
        ("Bandwidth", "", "-12.5"),
        ("Azure DNS", "2.6E-06", ""),
        ("Azure Firewall", "", "40"),
        ("API Management", "32.5", ""),
    ]);
    lines.push(line("2026-10-01", &["Virtual Machines", "Purchase"], "500", "EUR"));
    lines.push(line("2026-09-01", &["SQL Database", "refund"], "-20", "EUR"));
    lines
}

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
fn both_periods_are_one_query() {
    let whole = question(json!({ "groupBy": "resource group" })).query;
    assert_eq!(
        (whole.period.from().to_string(), whole.period.to().to_string()),
        ("2026-09-01".into(), "2026-10-31".into())
    );
    assert_eq!(whole.granularity, Granularity::Monthly);
    assert_eq!(whole.group_by, [Grouping::Dimension(Dimension::ResourceGroupName), CHARGE_TYPE]);
    let open = question(json!({ "period": "thisMonth", "groupBy": ["ChargeType"] })).query;
    assert_eq!(
        (open.period.from().to_string(), open.period.to().to_string()),
        ("2026-10-01".into(), "2026-11-19".into())
    );
    assert_eq!((open.granularity, open.group_by), (Granularity::Daily, vec![CHARGE_TYPE]));
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

const MACHINE: &str = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/rg-shop/providers/Microsoft.Compute/virtualMachines/vm-1";

#[test]
fn a_drill_down_takes_the_largest_change_apart() {
    let given = json!({ "drillDown": "true", "filters": { "by": "tag:env", "values": ["prod"] } });
    let asked = question(given.clone());
    let compared = asked.compared(costs(october()), NOW).unwrap();
    let query = asked.target(&compared).unwrap().query;
    assert_eq!((query.period, query.granularity), (asked.query.period, asked.query.granularity));
    assert_eq!(query.group_by, [Dimension::ResourceId, Dimension::Meter].map(Grouping::Dimension));
    let filters = serde_json::to_string(&query.filters).unwrap();
    assert_snapshot!(filters, @r#"[{"by":"tag:env","values":["prod"]},{"by":"ServiceName","values":["Virtual Machines"]}]"#);

    let behind = vec![
        line("2026-09-01", &[MACHINE, "D4s v5"], "1641.288430275512", "EUR"),
        line("2026-10-01", &[MACHINE, "D8s v5"], "1842.118430275512", "EUR"),
        line("2026-10-01", &["Unassigned", "Reservation"], "500", "EUR"),
        line("2026-10-01", &["Unassigned", "Reservation"], "500", "USD"),
    ];
    let answer = drilled(given, october(), behind);
    let (_, part) = answer.text.split_once("Behind").unwrap();
    assert_snapshot!(part, @"
     the change of Virtual Machines:

    | Resource   | Meter       | Base (EUR) | Current (EUR) |   Change |       % |            |
    | :--------- | :---------- | ---------: | ------------: | -------: | ------: | :--------- |
    | rg-shop/providers/Microsoft.Compute/virtualMachines/vm-1 | D8s v5      |       0.00 |       1842.12 | +1842.12 |     new | ██████████ |
    | rg-shop/providers/Microsoft.Compute/virtualMachines/vm-1 | D4s v5      |    1641.29 |          0.00 | -1641.29 | removed | █████████░ |
    | Unassigned | Reservation |       0.00 |        500.00 |  +500.00 |     new | ███░░░░░░░ |

    - The drill-down took a second query.
    - The base has 30 days, this period 31; the change per day is +31.1 % (EUR).
    - Azure's charge type does not tell whether a purchase will recur.
    - Tax, support plans and credits are not included.
    ");
    assert_eq!(answer.data()["drillDown"]["addsUp"], true);
}

#[test]
fn a_drill_down_that_does_not_add_up_or_finds_nothing_says_so() {
    let lines = || months(&[("Storage", "1", "3")]);
    let other = vec![line("2026-10-01", &[MACHINE, "LRS"], "1", "EUR")];
    let answer = drilled(json!({ "drillDown": true }), lines(), other);
    assert_eq!(
        answer.data()["notes"][0],
        "The drill-down took a second query, and its parts do not add up to the change they are behind."
    );
    let answer = drilled(json!({ "drillDown": true }), lines(), vec![]);
    assert_eq!(answer.data()["notes"][0], "There is no drill-down: Azure finds no costs under that name.");
    assert!(answer.data().get("drillDown").is_none());
    let throttled = drill_down::unanswered(&CostError::Throttled { retry_after: Duration::from_secs(42) });
    assert_snapshot!(throttled, @"There is no drill-down: Azure limits cost queries; ask for it again in 42 seconds.");
}

#[test]
fn a_drill_down_is_made_only_where_it_was_asked_for_and_something_changed() {
    let target = |given, lines| {
        let question = question(given);
        let compared = question.compared(costs(lines), NOW).unwrap();
        question.target(&compared).map(|target| target.query.group_by)
    };
    let changed = || months(&[("Storage", "1", "3")]);
    assert_eq!(target(json!({}), changed()), None);
    assert_eq!(target(json!({ "drillDown": false }), changed()), None);
    assert_eq!(target(json!({ "drillDown": true }), months(&[("Storage", "1", "1.0")])), None);
    let of = |dimensions: &[Dimension]| Some(dimensions.iter().copied().map(Grouping::Dimension).collect::<Vec<_>>());
    let group = json!({ "drillDown": true, "managementGroupId": "contoso" });
    assert_eq!(target(group, changed()), of(&[Dimension::SubscriptionName, Dimension::Meter]));
    let by_resource = json!({ "drillDown": true, "groupBy": "ResourceId" });
    assert_eq!(target(by_resource, changed()), of(&[Dimension::Meter]));
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

#[test]
fn its_own_arguments_explain_themselves() {
    let own = [schema::part::<PeriodArguments>(), schema::part::<Arguments>()];
    let said = |part: &Value| {
        let properties = part["properties"].as_object().unwrap();
        let line = |(name, schema): (&String, &Value)| {
            format!("{name} ({}, {}): {}\n", schema["type"], schema["examples"][0], schema["description"])
        };
        properties.iter().map(line).collect::<String>()
    };
    assert_snapshot!(own.iter().map(said).collect::<String>().replace('"', ""), @"
    baseFrom (string, 2026-09-01): First day of what it is compared with, inclusive, as YYYY-MM-DD (UTC). Goes with baseTo. From the first day of one period to the last of the other are at most 364 days.
    basePeriod (string, lastMonth): What it is compared with, instead of baseFrom and baseTo. Default: the period before, of the same length; whole months are compared with whole months.
    baseTo (string, 2026-09-30): Last day of what it is compared with, inclusive, as YYYY-MM-DD (UTC). Goes with baseFrom.
    from (string, 2026-10-01): First day of the period to explain, inclusive, as YYYY-MM-DD (UTC). Default: the first of the month of `to`.
    period (string, lastMonth): The period to explain, instead of from and to. last3Months are whole months. Default: lastMonth.
    to (string, 2026-10-31): Last day of the period to explain, inclusive, as YYYY-MM-DD (UTC). Default: today. A period that is still open is compared up to its last closed day, three days ago.
    drillDown (boolean, true): Also shows which resources and meters are behind the largest change (at a management group: which subscriptions and meters). Takes a second query. Default: false.
    groupBy (string, ServiceName): What the change is broken down by: ServiceName (the default), ResourceGroupName, ResourceId, ResourceType, ResourceLocation, MeterCategory, MeterSubcategory, Meter, ChargeType, PublisherType, PricingModel, SubscriptionId, SubscriptionName, or tag:<key>. Just one; no ResourceId at a management group.
    top (integer, 20): How many to show one by one, 1 to 50; the rest is summed up. Default: 20.
    ");
}

#[test]
fn arguments_of_the_right_form_are_read() {
    for given in [
        json!({ "period": "last month", "basePeriod": null, "drillDown": "false", "top": 50 }),
        json!({ "from": "2026-10-01T00:00:00Z", "to": "2026-10-31", "baseFrom": "2025-12-01", "baseTo": "2025-12-31" }),
        json!({ "groupBy": "[\"tag:team\"]", "metric": "AmortizedCost" }),
        json!({ "groupBy": ["Resource Group"], "resourceGroup": "rg-shop" }),
    ] {
        assert!(read(given.clone()).is_ok(), "{given}");
    }
}

#[test]
fn a_wrong_argument_is_named_with_an_example_of_the_right_form() {
    let complaint = |given| {
        let BadArgument { sentence, how } = read(given).err().unwrap();
        format!("{sentence} {how}")
    };
    assert_snapshot!(complaint(json!({ "groupBy": "Shoes" })), @r#"Argument `groupBy` is not valid. What the change is broken down by: ServiceName (the default), ResourceGroupName, ResourceId, ResourceType, ResourceLocation, MeterCategory, MeterSubcategory, Meter, ChargeType, PublisherType, PricingModel, SubscriptionId, SubscriptionName, or tag:<key>. Just one; no ResourceId at a management group. For example: `{"groupBy":"ServiceName"}`."#);
    assert_snapshot!(complaint(json!({ "groupBy": ["Meter", "ServiceName"] })), @r#"Argument `groupBy` takes one grouping. Give one dimension or tag. For example: `{"groupBy":"ResourceGroupName"}`."#);
    assert_snapshot!(complaint(json!({ "groupBy": "ResourceId", "managementGroupId": "contoso" })), @r#"Azure does not group the costs of a management group by `ResourceId`. Give one dimension or tag. For example: `{"groupBy":"ResourceGroupName"}`."#);
    assert_snapshot!(complaint(json!({ "baseFrom": "September", "baseTo": "2026-09-30" })), @r#"Argument `baseFrom` is not valid. First day of what it is compared with, inclusive, as YYYY-MM-DD (UTC). Goes with baseTo. From the first day of one period to the last of the other are at most 364 days. For example: `{"baseFrom":"2026-09-01"}`."#);
    assert_snapshot!(complaint(json!({ "basePeriod": "lastYear" })), @r#"Argument `basePeriod` is not valid. What it is compared with, instead of baseFrom and baseTo. Default: the period before, of the same length; whole months are compared with whole months. For example: `{"basePeriod":"lastMonth"}`."#);
    assert_snapshot!(complaint(json!({ "baseFrom": "2025-10-01", "baseTo": "2025-10-31" })), @r#"Both periods are asked for in one query. The period 2025-10-01 to 2026-10-31 has 396 days; at most 364 are possible. Ask for a shorter one. Give each period by its name, or by its first and last day. For example: `{"from":"2026-10-01","to":"2026-10-31","baseFrom":"2026-09-01","baseTo":"2026-09-30"}`."#);
    assert_snapshot!(complaint(json!({ "drillDown": "deep" })), @r#"Argument `drillDown` is not valid. Also shows which resources and meters are behind the largest change (at a management group: which subscriptions and meters). Takes a second query. Default: false. For example: `{"drillDown":true}`."#);
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
