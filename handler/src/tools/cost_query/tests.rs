//! Proves what `cost_query` asks and says, for answers given here. What an agreement really has needs a tenant.

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    azure::{CostLine, CostScope, Dimension, Metric, Period},
    tools::{
        arguments::{self, BadArgument},
        tests::assert_follows,
    },
};

const NOW: UnixTime = UnixTime(1_795_343_643); // 2026-11-22T10:34:03Z
const SUBSCRIPTION: &str = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";

/// Of one subscription by service, in October.
fn query(granularity: Granularity) -> CostQuery {
    let today = "2026-11-22".parse().unwrap();
    CostQuery {
        scope: CostScope::Subscription(SUBSCRIPTION.parse().unwrap()),
        period: Period::new("2026-10-01".parse().ok(), "2026-10-31".parse().ok(), today).unwrap(),
        metric: Metric::Actual,
        granularity,
        group_by: vec![Grouping::Dimension(Dimension::ServiceName)],
        filters: vec![],
        with_usd: false,
    }
}

/// Of a management group by subscription.
fn across() -> CostQuery {
    let scope = CostScope::ManagementGroup("contoso".parse().unwrap());
    let group_by = GroupBy::default().at(&scope).unwrap();
    CostQuery { scope, group_by, with_usd: true, ..query(Granularity::None) }
}

fn line(date: &str, names: &[&str], amount: &str, currency: &str) -> CostLine {
    CostLine {
        names: names.iter().map(|name| Name::new(name)).collect(),
        date: date.parse().ok(),
        cost: Money::parse(amount, currency.parse().unwrap()).unwrap(),
        usd: None,
    }
}

fn with_usd(usd: &str, line: CostLine) -> CostLine {
    CostLine { usd: Money::parse(usd, Currency::USD), ..line }
}

fn costs(lines: impl IntoIterator<Item = CostLine>) -> Costs {
    Costs { lines: lines.into_iter().collect(), capped: false }
}

#[track_caller]
fn answered(query: &CostQuery, costs: &Costs, top: u64) -> Answer {
    let answer = answer(query, costs, top.try_into().unwrap(), NOW);
    assert_follows(&answer.data(), &tool().output);
    answer
}

#[test]
fn two_groupings_head_two_columns() {
    let query = CostQuery {
        group_by: vec![Grouping::Dimension(Dimension::ResourceGroupName), Grouping::Tag("CostCenter".to_owned())],
        ..query(Granularity::None)
    };
    let costs = costs([
        line("", &["rg-shop", "blue"], "10.005", "EUR"),
        line("", &["rg-shop", "Unassigned"], "4", "EUR"),
        line("", &["rg-data", "blue"], "20", "EUR"),
        line("", &["rg-old", "red"], "-1", "EUR"),
    ]);
    assert_snapshot!(answered(&query, &costs, 2).text, @"
    **Spend by resource group and tag CostCenter**, 2026-10-01 to 2026-10-31

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 cost 33.01 EUR (actual cost, whole UTC days, as of 2026-11-22T10:34:03Z).

    | Resource group  | Tag CostCenter | Cost (EUR) |   Share |            |
    | :-------------- | :------------- | ---------: | ------: | :--------- |
    | rg-data         | blue           |      20.00 |  60.6 % | ██████████ |
    | rg-shop         | blue           |      10.01 |  30.3 % | ██████░░░░ |
    | Other (2 items) |                |       3.00 |   9.1 % | ██░░░░░░░░ |
    | **Total**       |                |  **33.01** | 100.0 % |            |

    - Tax, support plans and credits are not included.
    ");
}

#[test]
fn each_month_is_a_row_of_a_second_table() {
    let month = |month: &str, storage: &str, sql: &str| {
        let date = format!("2026-{month}-01");
        [line(&date, &["Storage"], storage, "EUR"), line(&date, &["SQL Database"], sql, "EUR")]
    };
    let today = "2026-11-22".parse().unwrap();
    let query = CostQuery {
        period: Period::new("2026-08-01".parse().ok(), "2026-10-31".parse().ok(), today).unwrap(),
        ..query(Granularity::Monthly)
    };
    let mut lines = [month("08", "10", "100.5"), month("09", "11.25", "50.125"), month("10", "30", "200")].concat();
    lines.push(line("2026-10-01", &["Bandwidth"], "-0.001", "EUR"));
    let answer = answered(&query, &costs(lines), 20);
    assert_snapshot!(answer.text, @"
    **Spend by service**, 2026-08-01 to 2026-10-31

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 cost 401.87 EUR (actual cost, whole UTC days, as of 2026-11-22T10:34:03Z).

    | Service      | Cost (EUR) |   Share |            |
    | :----------- | ---------: | ------: | :--------- |
    | SQL Database |     350.63 |  87.2 % | ██████████ |
    | Storage      |      51.25 |  12.8 % | ██░░░░░░░░ |
    | Bandwidth    |     >-0.01 |   0.0 % |            |
    | **Total**    | **401.87** | 100.0 % |            |

    | Month   | Total (EUR) |            | SQL Database | Storage | Bandwidth |
    | :------ | ----------: | :--------- | -----------: | ------: | --------: |
    | 2026-08 |      110.50 | █████░░░░░ |       100.50 |   10.00 |      0.00 |
    | 2026-09 |       61.38 | ███░░░░░░░ |        50.13 |   11.25 |      0.00 |
    | 2026-10 |      230.00 | ██████████ |       200.00 |   30.00 |    >-0.01 |

    - Tax, support plans and credits are not included.
    ");
    assert_snapshot!(format!("{:#}", answer.data()["currencies"][0]["series"][2]), @r#"
    {
      "date": "2026-10-01",
      "items": [
        {
          "cost": {
            "amount": "200.00",
            "amountExact": "200",
            "currency": "EUR"
          },
          "names": [
            "SQL Database"
          ]
        },
        {
          "cost": {
            "amount": "30.00",
            "amountExact": "30",
            "currency": "EUR"
          },
          "names": [
            "Storage"
          ]
        },
        {
          "cost": {
            "amount": "0.00",
            "amountExact": "-0.001",
            "currency": "EUR"
          },
          "names": [
            "Bandwidth"
          ]
        }
      ],
      "total": {
        "amount": "230.00",
        "amountExact": "229.999",
        "currency": "EUR"
      }
    }
    "#);
}

#[test]
fn each_day_has_what_the_largest_items_and_the_rest_cost() {
    let services = ["a", "b", "c", "d", "e", "f", "g"];
    let lines = (1..=3).flat_map(|day: usize| {
        let date = format!("2026-10-{day:02}");
        let cost = move |rank: usize| format!("{}.5", (services.len() - rank) * day);
        services.iter().enumerate().map(move |(rank, name)| line(&date, &[name], &cost(rank), "EUR"))
    });
    assert_snapshot!(answered(&query(Granularity::Daily), &costs(lines), 20).text, @"
    **Spend by service**, 2026-10-01 to 2026-10-31

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 cost 178.50 EUR (actual cost, whole UTC days, as of 2026-11-22T10:34:03Z).

    | Service   | Cost (EUR) |   Share |            |
    | :-------- | ---------: | ------: | :--------- |
    | a         |      43.50 |  24.4 % | ██████████ |
    | b         |      37.50 |  21.0 % | █████████░ |
    | c         |      31.50 |  17.6 % | ████████░░ |
    | d         |      25.50 |  14.3 % | ██████░░░░ |
    | e         |      19.50 |  10.9 % | █████░░░░░ |
    | f         |      13.50 |   7.6 % | ████░░░░░░ |
    | g         |       7.50 |   4.2 % | ██░░░░░░░░ |
    | **Total** | **178.50** | 100.0 % |            |

    | Day (UTC)  | Total (EUR) |            |     a |     b |     c |     d |    e | Other |
    | :--------- | ----------: | :--------- | ----: | ----: | ----: | ----: | ---: | ----: |
    | 2026-10-01 |       31.50 | ████░░░░░░ |  7.50 |  6.50 |  5.50 |  4.50 | 3.50 |  4.00 |
    | 2026-10-02 |       59.50 | ███████░░░ | 14.50 | 12.50 | 10.50 |  8.50 | 6.50 |  7.00 |
    | 2026-10-03 |       87.50 | ██████████ | 21.50 | 18.50 | 15.50 | 12.50 | 9.50 | 10.00 |

    - A day without costs is not listed.
    - Tax, support plans and credits are not included.
    ");
}

#[test]
fn a_management_group_is_answered_by_subscription_and_its_currencies_together_only_by_azure() {
    let (prod, test) = (["shop-prod", SUBSCRIPTION], ["shop-test", "5d2c2a52-6b43-4f1b-9a52-27d0e1d1a6c2"]);
    let lines = [
        with_usd("46.404", line("", &prod, "40", "EUR")),
        with_usd("10.72", line("", &test, "10.72", "USD")),
        with_usd("7.7", line("", &test, "1200.5", "JPY")),
    ];
    let answer = answered(&across(), &costs(lines.clone()), 20);
    assert_snapshot!(answer.text, @"
    **Spend by subscription and subscription id**, 2026-10-01 to 2026-10-31

    Management group contoso cost 40.00 EUR and 1201 JPY and 10.72 USD (actual cost, whole UTC days, as of 2026-11-22T10:34:03Z).
    All of it in US dollars, by Azure's own conversion: 64.82 USD.

    | Subscription | Subscription id                      | Cost (EUR) |   Share |            |
    | :----------- | :----------------------------------- | ---------: | ------: | :--------- |
    | shop-prod    | 0b1f6471-1bf0-4dda-aec3-cb9272f09590 |      40.00 | 100.0 % | ██████████ |
    | **Total**    |                                      |  **40.00** | 100.0 % |            |

    | Subscription | Subscription id                      | Cost (JPY) |   Share |            |
    | :----------- | :----------------------------------- | ---------: | ------: | :--------- |
    | shop-test    | 5d2c2a52-6b43-4f1b-9a52-27d0e1d1a6c2 |       1201 | 100.0 % | ██████████ |
    | **Total**    |                                      |   **1201** | 100.0 % |            |

    | Subscription | Subscription id                      | Cost (USD) |   Share |            |
    | :----------- | :----------------------------------- | ---------: | ------: | :--------- |
    | shop-test    | 5d2c2a52-6b43-4f1b-9a52-27d0e1d1a6c2 |      10.72 | 100.0 % | ██████████ |
    | **Total**    |                                      |  **10.72** | 100.0 % |            |

    - Of a management group Azure counts what was used, and not what was bought, such as reservations.
    - Tax, support plans and credits are not included.
    ");
    assert_snapshot!(answer.data()["totalUsd"].to_string(), @r#"{"amount":"64.82","amountExact":"64.824","currency":"USD"}"#);
    let one_currency = answered(&across(), &costs(lines.into_iter().take(1)), 20);
    assert!(one_currency.data().get("totalUsd").is_none());
    assert!(!one_currency.text.contains("US dollars"), "{}", one_currency.text);
}

#[test]
fn what_is_shown_fits_into_an_answer() {
    let lines = (0..364).flat_map(|day| {
        let date = query(Granularity::Daily).period.from().plus(day - 400).to_string();
        let names = move |item: usize| [format!("{item} {}", "監".repeat(118)), format!("{item} {}", "*".repeat(118))];
        let of_item = move |item: usize| {
            let names = names(item);
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            ["EUR", "JPY", "USD"].map(|currency| line(&date, &names, &format!("{}", 1 + item), currency))
        };
        (0..50).flat_map(of_item).collect::<Vec<_>>()
    });
    let two = vec![Grouping::Dimension(Dimension::ServiceName), Grouping::Tag("team".to_owned())];
    let answer = answered(&CostQuery { group_by: two, ..query(Granularity::Daily) }, &costs(lines), 50);
    assert!(answer.text.len() <= MOST_BYTES, "{}", answer.text.len());
    assert_snapshot!(answer.data()["notes"].to_string(), @r#"["Fewer items than asked for are shown one by one, to keep the answer short.","Only the last 166 days are listed one by one; the totals count all 364. Ask for a shorter period to see the others.","To keep the answer short, the days have only their totals. Ask for fewer days to see more.","Tax, support plans and credits are not included."]"#);
}

#[test]
fn a_hostile_name_stays_in_its_cell() {
    let hostile = "x | **9999.99** |\r\n| ![](https://evil.example/?q=\u{e0041}) <script> \u{202e}";
    let query = CostQuery {
        group_by: vec![Grouping::Tag("a|b\u{202e}<b>".to_owned()), Grouping::Dimension(Dimension::ServiceName)],
        ..query(Granularity::Daily)
    };
    let answer = answered(&query, &costs([line("2026-10-01", &[hostile, "=1+1"], "1", "EUR")]), 20);
    assert_snapshot!(answer.text, @r"
    **Spend by tag a\|b\<b\> and service**, 2026-10-01 to 2026-10-31

    Subscription 0b1f6471-1bf0-4dda-aec3-cb9272f09590 cost 1.00 EUR (actual cost, whole UTC days, as of 2026-11-22T10:34:03Z).

    | Tag a\|b\<b\> | Service | Cost (EUR) |   Share |            |
    | :------------ | :------ | ---------: | ------: | :--------- |
    | x \| \*\*9999.99\*\* \|  \| \!\[\]\(https\://evil.example/?q=\) \<script\> | =1+1    |       1.00 | 100.0 % | ██████████ |
    | **Total**     |         |   **1.00** | 100.0 % |            |

    | Day (UTC)  | Total (EUR) |            | x \| \*\*9999.99\*\* \|  \| \!\[\]\(https\://evil.example/?q=\) \<script\> / =1+1 |
    | :--------- | ----------: | :--------- | ---: |
    | 2026-10-01 |        1.00 | ██████████ | 1.00 |

    - A day without costs is not listed.
    - Tax, support plans and credits are not included.
    ");
    assert_eq!(answer.data()["currencies"][0]["series"][0]["items"][0]["names"][0], Name::new(hostile).as_str());
}

/// The query's groupings and granularity, or the sentence for arguments that can't be used.
fn read(given: &Value) -> String {
    let input = tool().input;
    let arguments = arguments::Arguments::new(given.as_object().unwrap(), &input);
    let read = || {
        let scope = arguments.read::<ScopeArguments>()?.scope()?;
        let own = arguments.read::<Arguments>()?;
        let groupings = own.group_by.unwrap_or_default().at(&scope)?;
        Ok((groupings, own.granularity.unwrap_or_default()))
    };
    match read() {
        Ok((groupings, granularity)) => {
            let names: Vec<_> = groupings.iter().map(Grouping::to_string).collect();
            format!("{} {granularity:?}", names.join("+"))
        }
        Err(BadArgument { sentence, how }) => format!("{sentence} {how}"),
    }
}

fn of_subscription(name: &str, value: Value) -> String {
    let mut given = json!({ "subscriptionId": SUBSCRIPTION });
    given[name] = value;
    read(&given)
}

#[test]
fn arguments_of_the_right_form_are_read() {
    assert_snapshot!(read(&json!({ "subscriptionId": SUBSCRIPTION })), @"ServiceName None");
    assert_snapshot!(read(&json!({ "managementGroupId": "contoso" })), @"SubscriptionName+SubscriptionId None");
    assert_snapshot!(read(&json!({ "managementGroupId": "contoso", "groupBy": [], "granularity": null })), @"SubscriptionName+SubscriptionId None");
    assert_snapshot!(of_subscription("groupBy", json!("resource_group, tag:team")), @"ResourceGroupName+tag:team None");
    assert_snapshot!(of_subscription("granularity", json!("Daily")), @"ServiceName Daily");
}

#[test]
fn a_wrong_argument_is_named_with_an_example_of_the_right_form() {
    assert_snapshot!(of_subscription("groupBy", json!("tag:")), @r#"Argument `groupBy` is not valid. What each line is about: one or two, and not twice the same, of ServiceName, ResourceGroupName, ResourceId, ResourceType, ResourceLocation, MeterCategory, MeterSubcategory, Meter, ChargeType, PublisherType, PricingModel, SubscriptionId, SubscriptionName, or tag:<key> with the key of a tag. Default: ServiceName; for a management group SubscriptionName and SubscriptionId. For example: `{"groupBy":["ResourceGroupName","tag:team"]}`."#);
    let wrong = of_subscription("groupBy", json!("tag:"));
    for value in [json!(["service", "meter", "tag:a"]), json!(["service", "service"]), json!("BillingPeriod"), json!(1)]
    {
        assert_eq!(of_subscription("groupBy", value.clone()), wrong, "{value}");
    }
    assert_snapshot!(of_subscription("granularity", json!("hourly")), @r#"Argument `granularity` is not valid. `none` for the period as a whole, `daily` or `monthly` for each day or month as well. Default: none. For example: `{"granularity":"monthly"}`."#);
    assert_snapshot!(read(&json!({ "managementGroupId": "contoso", "groupBy": "ResourceId" })), @r#"Argument `groupBy`: Azure tells resources apart within a subscription only. Ask for one subscription or resource group, or group by something else. For example: `{"groupBy":["SubscriptionName","ResourceGroupName"]}`."#);
}

proptest! {
    #[test]
    fn the_parts_shown_and_the_rest_are_the_total(
        amounts in proptest::collection::vec((-1e6_f64..1e6, 0_usize..2, 1_u8..=31, 0_u8..30), 1..80),
        top in 1_u64..=50,
    ) {
        let lines = amounts.iter().map(|(amount, currency, day, name)| {
            let (date, name) = (format!("2026-10-{day:02}"), name.to_string());
            line(&date, &[&name], &amount.to_string(), ["EUR", "JPY"][*currency])
        });
        let costs = costs(lines);
        let answer = answer(&query(Granularity::Daily), &costs, top.try_into().unwrap(), NOW);
        let totals = Totals::of(costs.lines.iter().map(|line| &line.cost));
        let sum = |parts: Vec<&Value>, currency: Currency| {
            let money = |money: &&Value| Money::parse(money["amountExact"].as_str().unwrap(), currency).unwrap();
            Totals::of(&parts.iter().map(money).collect::<Vec<_>>()).in_currency(currency)
        };
        for shown in answer.data()["currencies"].as_array().unwrap() {
            let total = totals.in_currency(shown["total"]["currency"].as_str().unwrap().parse().unwrap());
            let items = shown["items"].as_array().unwrap().iter().chain(shown.get("other"));
            prop_assert_eq!(&sum(items.map(|item| &item["cost"]).collect(), total.currency()), &total);
            let series = shown["series"].as_array().unwrap().iter().map(|point| &point["total"]);
            prop_assert_eq!(&sum(series.collect(), total.currency()), &total);
        }
    }
}
