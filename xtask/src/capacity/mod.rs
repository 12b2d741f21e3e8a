//! How many instances, exchanges and questions a number of people cause, and which limit ends it.
//!
//! Twice over: by formulas that fit on a line, and by a simulation of the cache that tells whether the formulas hold. What is
//! assumed is in [`Assumptions`]; docs/capacity.md says where each number comes from.

mod report;
mod simulation;

pub use report::report;
pub use simulation::{Simulated, simulate};

/// What is taken for granted. Times are in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Assumptions {
    /// Cost questions of one person in the busiest hour.
    pub calls_per_hour: f64,
    /// What a question costs at Cost Management: one unit for each month of data.
    pub units_per_call: f64,
    /// How long a call takes, nearly all of it Azure's.
    pub call_seconds: f64,
    /// Calls that an instance has at once (`perInstanceConcurrency` in infra/).
    pub concurrency: f64,
    /// How long an exchanged token is used (`OBO_CACHE_TTL_SECONDS`).
    pub exchanged_seconds: f64,
    /// How long a caller's own token lives: 60 to 90 minutes by Entra's default.
    pub token_seconds: f64,
    /// Exchanged tokens that an instance holds (`OBO_CACHE_CAPACITY`).
    pub capacity: usize,
    /// Busy hours a month, all as busy as the busiest.
    pub hours_per_month: f64,
    /// Memory of an instance that is paid for, in GB.
    pub instance_gb: f64,
    /// Price of a GB-second, in EUR.
    pub gb_second: f64,
    /// Price of a million executions, in EUR.
    pub million_executions: f64,
}

impl Default for Assumptions {
    fn default() -> Self {
        Self {
            calls_per_hour: 1.0,
            units_per_call: 1.0,
            call_seconds: 3.0,
            concurrency: 100.0,
            exchanged_seconds: 1_800.0,
            token_seconds: 4_500.0,
            capacity: 10_000,
            hours_per_month: 8.0 * 22.0,
            instance_gb: 0.5,
            gb_second: 0.000_026,
            million_executions: 0.40,
        }
    }
}

/// What a tenant may ask of Cost Management in an hour, in units: Microsoft's page on automation of Cost Management.
/// <https://learn.microsoft.com/en-us/azure/cost-management-billing/costs/manage-automation>
pub const UNITS_PER_HOUR: f64 = 600.0;

/// The busiest hour of so many people.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Everybody who calls in that hour.
    pub people: u32,
    /// Of the server.
    pub instances: u32,
    /// All people together.
    pub calls_per_second: f64,
    /// Exchanges at Entra by the formula, in the hour.
    pub exchanges_per_hour: f64,
    /// What the calls cost at Cost Management, in the hour.
    pub units_per_hour: f64,
    /// What they pay for the platform, in EUR a month.
    pub euros_per_month: f64,
}

impl Plan {
    /// The plan for so many people; on so many instances as their calls need, if none are given.
    #[must_use]
    pub fn new(people: u32, instances: Option<u32>, assumptions: &Assumptions) -> Self {
        let calls_per_hour = f64::from(people) * assumptions.calls_per_hour;
        let calls_per_second = calls_per_hour / 3_600.0;
        let busy = calls_per_second * assumptions.call_seconds;
        let instances = instances.unwrap_or_else(|| whole((busy / assumptions.concurrency).ceil()).max(1));
        let billed = f64::from(instances) * assumptions.instance_gb * 3_600.0 * assumptions.gb_second
            + calls_per_hour / 1e6 * assumptions.million_executions;
        Self {
            people,
            instances,
            calls_per_second,
            exchanges_per_hour: exchanges_per_hour(people, instances, assumptions),
            units_per_hour: calls_per_hour * assumptions.units_per_call,
            euros_per_month: billed * assumptions.hours_per_month,
        }
    }
}

/// A pair of person and instance exchanges, uses the token while it may, and exchanges at the next call after that: one
/// exchange in `use + wait for a call`. A token is used for an equal part of the life of the caller's own, because each
/// ends with it.
fn exchanges_per_hour(people: u32, instances: u32, assumptions: &Assumptions) -> f64 {
    let parts = (assumptions.token_seconds / assumptions.exchanged_seconds).ceil();
    let used = assumptions.token_seconds / parts;
    let wait = 3_600.0 * f64::from(instances) / assumptions.calls_per_hour;
    f64::from(people) * f64::from(instances) * 3_600.0 / (used + wait)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count that is not negative")]
fn whole(number: f64) -> u32 {
    number as u32
}

#[cfg(test)]
mod tests {
    //! Proves that formula and simulation agree, and the bounds. What Entra and Azure permit today, only a tenant shows.
    use super::*;

    #[test]
    fn the_formula_and_the_simulation_agree_within_a_tenth() {
        for (people, instances, calls_per_hour) in
            [(1_000, 1, 1.0), (1_000, 3, 1.0), (1_000, 1, 12.0), (500, 3, 30.0), (20_000, 10, 0.5)]
        {
            let assumptions = Assumptions { calls_per_hour, capacity: 100_000, ..Assumptions::default() };
            let plan = Plan::new(people, Some(instances), &assumptions);
            let simulated = f64::from(simulate(&plan, &assumptions, 1).exchanges);
            let ratio = simulated / plan.exchanges_per_hour;
            assert!((0.9..1.1).contains(&ratio), "{people} × {calls_per_hour} on {instances}: {ratio}");
        }
    }

    #[test]
    fn nobody_exchanges_more_often_than_calling_or_than_once_a_period_on_each_instance() {
        for calls_per_hour in [0.1, 1.0, 60.0] {
            let assumptions = Assumptions { calls_per_hour, ..Assumptions::default() };
            let plan = Plan::new(1_000, Some(3), &assumptions);
            let simulated = simulate(&plan, &assumptions, 7);
            assert!(simulated.exchanges <= simulated.calls);
            // two periods of half an hour begin in an hour, one is under way, and the caller's own token is renewed once
            assert!(simulated.exchanges <= plan.people * plan.instances * 4, "{calls_per_hour}: {simulated:?}");
        }
    }

    #[test]
    fn a_cache_that_is_too_small_costs_exchanges_and_never_holds_more() {
        let roomy = Assumptions { calls_per_hour: 12.0, ..Assumptions::default() };
        let small = Assumptions { capacity: 100, ..roomy };
        let plan = Plan::new(1_000, Some(1), &roomy);
        let (roomy, small) = (simulate(&plan, &roomy, 1), simulate(&plan, &small, 1));
        assert!(small.exchanges > roomy.exchanges * 2, "{roomy:?} {small:?}");
        assert_eq!(small.most_tokens, 100);
    }

    #[test]
    fn instances_follow_from_the_calls_at_once() {
        let assumptions = Assumptions::default();
        assert_eq!(Plan::new(100, None, &assumptions).instances, 1);
        // 100,000 calls an hour of three seconds each are 83 at once
        assert_eq!(Plan::new(100_000, None, &assumptions).instances, 1);
        let busy = Assumptions { calls_per_hour: 12.0, ..assumptions };
        assert_eq!(Plan::new(100_000, None, &busy).instances, 10);
    }
}
