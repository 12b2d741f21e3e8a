//! Proves that money is exact: what is read, added and split again is the same to the last place.

use proptest::prelude::*;

use super::*;

fn eur() -> Currency {
    "EUR".parse().unwrap()
}

#[track_caller]
fn money(number: &str, currency: &str) -> Money {
    Money::parse(number, currency.parse().unwrap()).unwrap_or_else(|| panic!("{number} is an amount"))
}

#[test]
fn numbers_are_read_exactly_as_they_were_written() {
    for (wire, exact) in [
        ("0", "0"),
        ("-0.0", "0"),
        ("12.3400017", "12.3400017"),
        ("19.545363672276512", "19.545363672276512"),
        ("1842.118430275512", "1842.118430275512"),
        ("-12.50", "-12.5"),
        ("2.6E-06", "0.0000026"),
        ("2.6e-6", "0.0000026"),
        ("1.5E+3", "1500"),
        ("1e13", "10000000000000"),
        ("100e-2", "1"),
        ("1000000000000000000000000000e-29", "0.01"),
        ("0.0000000000000005", "0.0000000000000005"),
        ("3.5527136788005009E-15", "0.0000000000000035527136788005009"),
        ("12345678901234567.890", "12345678901234567.89"),
        ("0.12345678901234567891", "0.12345678901234567891"),
        ("1e18", "1000000000000000000"),
        ("1e-40", "0.0000000000000000000000000000000000000001"),
        ("0e999", "0"),
    ] {
        assert_eq!(money(wire, "EUR").exact(), exact, "{wire}");
    }
}

#[test]
fn what_is_no_sensible_amount_is_not_read() {
    for wire in [
        "",
        "null",
        "true",
        "\"12\"",
        "[1]",
        "NaN",
        "1e",
        "e5",
        "1e1e1",
        "1e30",
        "-1e30",
        "1.1e18",
        "1e-61",
        "1e2147483647",
        "1e-2147483648",
        "1000000000000000000.01",
        "123456789012345678901234567890",
        "+1",
        "1_000",
        ".5",
        "5.",
        "0.00000000000000000000000000000000000000000000000000000000000000000",
    ] {
        assert_eq!(Money::parse(wire, eur()), None, "{wire}");
    }
}

#[test]
fn a_part_of_a_whole_is_compared_to_the_last_digit() {
    for (part, percent, reached) in
        [("80", 80, true), ("79.999999999999999", 80, false), ("100.000000001", 100, true), ("-1", 0, false)]
    {
        assert_eq!(money(part, "EUR").reaches(percent, &money("100", "EUR")), reached, "{part}");
    }
    assert!(!money("100", "USD").reaches(1, &money("100", "EUR")));
}

#[test]
fn a_fraction_is_read_as_percent() {
    for (number, percent) in [("0.8", "80.0"), ("1", "100.0"), ("1.005e1", "1005.0"), ("0.66666", "66.7")] {
        assert_eq!(Percent::of_fraction(number).unwrap().to_string(), percent, "{number}");
    }
    assert_eq!(Percent::of_fraction("\"0.8\""), None);
}

#[test]
fn rounding_is_half_away_from_zero_to_the_currency_s_places() {
    for (wire, currency, rounded, shown) in [
        ("12.3400017", "EUR", "12.34", "12.34"),
        ("0.005", "EUR", "0.01", "0.01"),
        ("-0.005", "EUR", "-0.01", "-0.01"),
        ("2.675", "EUR", "2.68", "2.68"),
        ("2539.0949", "EUR", "2539.09", "2539.09"),
        ("1234567.8", "USD", "1234567.80", "1234567.80"),
        ("0.0049", "EUR", "0.00", "<0.01"),
        ("-0.0049", "EUR", "0.00", ">-0.01"),
        ("0", "EUR", "0.00", "0.00"),
        ("1234.5", "JPY", "1235", "1235"),
        ("0.4", "JPY", "0", "<1"),
        ("1.2345", "BHD", "1.235", "1.235"),
        ("0.0001", "BHD", "0.000", "<0.001"),
        ("1.23456", "CLF", "1.2346", "1.2346"),
        ("1.005", "XYZ", "1.01", "1.01"),
    ] {
        let money = money(wire, currency);
        assert_eq!((money.rounded().as_str(), money.shown().as_str()), (rounded, shown), "{wire} {currency}");
    }
}

#[test]
fn shares_exist_only_of_a_positive_total() {
    assert_eq!(money("1", "EUR").percent_of(&money("3", "EUR")).unwrap().to_string(), "33.3");
    assert_eq!(money("-0.0001", "EUR").percent_of(&money("3", "EUR")).unwrap().to_string(), "0.0");
    assert_eq!(money("-1", "EUR").percent_of(&money("3", "EUR")).unwrap().to_string(), "-33.3");
    assert_eq!(money("1", "EUR").percent_of(&money("0", "EUR")), None);
    assert_eq!(money("1", "EUR").percent_of(&money("-3", "EUR")), None);
    assert_eq!(money("1", "EUR").percent_of(&money("3", "USD")), None);
}

#[test]
fn a_sum_of_the_largest_and_the_smallest_loses_nothing() {
    let amounts = [money("1e18", "EUR"), money("1e-60", "EUR"), money("-1e18", "EUR")];
    assert_eq!(Totals::of(&amounts).in_currency(eur()), money("1e-60", "EUR"));
}

#[test]
fn a_difference_exists_within_a_currency_only() {
    assert_eq!(money("0.3", "EUR").minus(&money("0.1", "EUR")), Some(money("0.2", "EUR")));
    assert_eq!(money("0.3", "EUR").minus(&money("0.1", "USD")), None);
}

#[test]
fn a_change_has_a_sign_unless_it_is_none() {
    for (amount, signed) in
        [("1.5", "+1.50"), ("-1.5", "-1.50"), ("0", "0.00"), ("0.001", "<+0.01"), ("-0.001", ">-0.01")]
    {
        assert_eq!(money(amount, "EUR").signed(), signed);
    }
    let signed = |amount| money(amount, "EUR").percent_of(&money("3", "EUR")).map(|percent| percent.signed());
    assert_eq!(["1", "-1", "0"].map(signed), ["+33.3", "-33.3", "0.0"].map(|percent| Some(percent.to_owned())));
}

#[test]
fn ten_times_as_much_is_a_step_in_both_directions_unless_it_is_little() {
    for (base, current, step) in [
        ("10.01", "100.1", true),
        ("10.01", "100.09", false),
        ("10", "100", false),
        ("1000", "100", true),
        ("0", "1000", false),
        ("-1", "1000", false),
        ("500", "500", false),
    ] {
        assert_eq!(money(current, "EUR").is_step_from(&money(base, "EUR")), step, "{base} to {current}");
    }
    assert!(!money("1000", "EUR").is_step_from(&money("1", "USD")));
}

#[test]
fn rounded_shares_may_not_add_up() {
    let shares = |parts: &[&str]| {
        let total = Totals::of(&parts.iter().map(|part| money(part, "EUR")).collect::<Vec<_>>()).in_currency(eur());
        let shares: Vec<_> = parts.iter().filter_map(|part| money(part, "EUR").percent_of(&total)).collect();
        Percent::add_up(&shares)
    };
    assert!(shares(&["1", "1", "2"]) && shares(&["7", "-1", "4"]));
    assert!(!shares(&["1", "1", "1"]));
}

#[test]
fn a_bar_is_as_long_as_the_amount_beside_the_largest() {
    let bar = |amount, largest| money(amount, "EUR").bar(&money(largest, "EUR"));
    assert_eq!(bar("10", "10"), "██████████");
    assert_eq!(bar("5", "10"), "█████░░░░░");
    assert_eq!(bar("0.001", "10"), "█░░░░░░░░░");
    for (amount, largest) in [("0", "10"), ("-1", "10"), ("11", "10"), ("0", "0"), ("1", "-1")] {
        assert_eq!(bar(amount, largest), "", "{amount} of {largest}");
    }
}

#[test]
fn it_is_serialised_as_text_with_its_currency() {
    let json = serde_json::to_string(&money("12.3400017", "EUR")).unwrap();
    assert_eq!(json, r#"{"amount":"12.34","amountExact":"12.3400017","currency":"EUR"}"#);
}

/// Amounts as Azure writes them: doubles between dust and a billion, in one of three currencies.
fn amounts() -> impl Strategy<Value = Vec<Money>> {
    let amount = (-1e9_f64..1e9, 0_i32..20, 0_usize..3).prop_map(|(number, dust, currency)| {
        let number = number / 10_f64.powi(dust);
        let text = if dust % 2 == 0 { format!("{number}") } else { format!("{number:e}") };
        money(&text, ["EUR", "JPY", "USD"][currency])
    });
    proptest::collection::vec(amount, 0..60)
}

proptest! {
    #[test]
    fn the_short_ways_end_where_the_library_s_do(amounts in amounts()) {
        for part in &amounts {
            prop_assert_eq!(part.exact(), part.amount.to_plain_string());
            prop_assert_eq!(&part.amount, &part.amount.normalized());
            for whole in amounts.iter().filter(|whole| whole.currency == part.currency && !whole.is_zero()) {
                let quotient = &part.amount / &whole.amount;
                let percent = (&quotient * 100_u32).with_scale_round(1, RoundingMode::HalfUp);
                let positive = !whole.is_negative();
                prop_assert_eq!(part.percent_of(whole), positive.then_some(Percent(percent)));
                let length = (quotient * BAR).with_scale_round(0, RoundingMode::Ceiling);
                let bar: String = (1..=BAR).map(|step| if length >= step { '█' } else { '░' }).collect();
                let comparable = part.amount.is_positive() && part.amount <= whole.amount;
                prop_assert_eq!(part.bar(whole), if comparable { bar } else { String::new() });
            }
        }
    }

    #[test]
    fn rounding_ends_where_the_library_s_does(units in any::<i64>(), scale in 0_u32..30, cut in 0_u32..19, places in 0_u32..5) {
        // small numbers too, among which ties are frequent
        let amount = BigDecimal::new((units / 10_i64.pow(cut)).into(), scale.into());
        let library = amount.with_scale_round(places.into(), RoundingMode::HalfUp);
        prop_assert_eq!(round(&amount, places), library.to_plain_string());
    }

    #[test]
    fn a_total_does_not_depend_on_the_order(amounts in amounts().prop_shuffle(), other in any::<proptest::sample::Index>()) {
        let mut reordered = amounts.clone();
        if !reordered.is_empty() {
            reordered.rotate_left(other.index(amounts.len()));
        }
        reordered.sort_by(Money::compare);
        prop_assert_eq!(Totals::of(&amounts), Totals::of(&reordered));
    }

    #[test]
    fn parts_add_up_to_the_whole(amounts in amounts(), cut in any::<proptest::sample::Index>()) {
        let (head, tail) = amounts.split_at(cut.index(amounts.len() + 1));
        let parts = [head, tail].map(Totals::of);
        let again = Totals::of(parts.iter().flat_map(Totals::iter));
        prop_assert_eq!(again, Totals::of(&amounts));
    }

    #[test]
    fn the_exact_text_reads_back_as_the_same_amount(amounts in amounts()) {
        for amount in amounts {
            prop_assert_eq!(Money::parse(&amount.exact(), amount.currency()), Some(amount));
        }
    }

    #[test]
    fn a_total_is_the_integer_sum_of_its_units(units in proptest::collection::vec(-1_000_000_000_000_000_000_i64..1_000_000_000_000_000_000, 0..40)) {
        let amounts: Vec<_> = units.iter().map(|units| money(&format!("{units}e-15"), "EUR")).collect();
        let sum: i128 = units.iter().copied().map(i128::from).sum();
        prop_assert_eq!(Totals::of(&amounts).in_currency(eur()), money(&format!("{sum}e-15"), "EUR"));
    }

    #[test]
    fn what_is_taken_away_and_given_back_is_nothing(amounts in amounts(), factor in 1_i64..400) {
        for amount in amounts {
            let copies = std::iter::repeat_n(&amount, usize::try_from(factor).unwrap());
            let sum = Totals::of(copies).in_currency(amount.currency());
            prop_assert_eq!(&sum, &amount.times(factor));
            prop_assert!(Totals::of([&sum, &sum.negated()]).in_currency(amount.currency()).is_zero());
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,40}") {
        let _ = Money::parse(&text, eur());
    }
}
