//! What may happen: who calls what, at the same time as whom, and what goes wrong meanwhile.

use std::fmt;

use lab::resource_manager::{ANALYTICS, SHOP_DEV, SHOP_PROD};
use proptest::{array::uniform7, bool::weighted, collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

/// A person of the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    Alice,
    Bob,
    /// Of the tenant, without any role.
    Guest,
}

/// A subscription: production is Alice's, development Bob's, and analytics of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Prod,
    Dev,
    Analytics,
}

/// One of a person's two sign-ins; the second was with a second factor.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Session {
    pub(super) who: Who,
    pub(super) second: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    ByService,
    Query,
    Compare,
    Forecast,
    Budgets,
    Values,
    Export,
    /// The next file of whichever export went before, whoever began it.
    NextFile,
    Subscriptions,
    WhoAmI,
}

/// One call.
#[derive(Clone, Copy)]
pub(super) struct Call {
    pub(super) session: Session,
    pub(super) tool: Tool,
    pub(super) place: Place,
    /// After so many milliseconds the caller leaves.
    pub(super) patience: Option<u64>,
}

/// What a service does instead of answering.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trouble {
    Slow,
    Throttled,
    Unavailable,
    Reset,
    Truncated,
    Html,
}

#[derive(Clone)]
pub(super) enum Step {
    /// All at once.
    Ask(Vec<Call>),
    /// What was cached has expired.
    Wait,
    SignIn(Session),
    Grant(Who, Place),
    Revoke(Who, Place),
    /// All sign-ins so far.
    EndSessions(Who),
    /// A policy that the first sessions do not satisfy, or the end of it.
    DemandSecondFactor(bool),
    /// Those without a role get 403 from now on, not 401.
    Forbid(Place),
    /// The next requests to Entra's token endpoint.
    Entra(Trouble, usize),
    /// The next requests to Resource Manager.
    Azure(Trouble, usize),
}

#[derive(Clone)]
pub(super) struct Program {
    /// How many tokens the cache holds.
    pub(super) cache: u64,
    pub(super) steps: Vec<Step>,
}

impl Who {
    pub(super) const ALL: [Self; 3] = [Self::Alice, Self::Bob, Self::Guest];
}

impl Place {
    pub(super) const ALL: [Self; 3] = [Self::Prod, Self::Dev, Self::Analytics];

    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Prod => SHOP_PROD,
            Self::Dev => SHOP_DEV,
            Self::Analytics => ANALYTICS,
        }
    }
}

impl Tool {
    pub(super) const ALL: [Self; 10] = [
        Self::ByService,
        Self::Query,
        Self::Compare,
        Self::Forecast,
        Self::Budgets,
        Self::Values,
        Self::Export,
        Self::NextFile,
        Self::Subscriptions,
        Self::WhoAmI,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ByService => "cost_by_service",
            Self::Query => "cost_query",
            Self::Compare => "cost_compare",
            Self::Forecast => "cost_forecast",
            Self::Budgets => "cost_budgets",
            Self::Values => "cost_dimension_values",
            Self::Export | Self::NextFile => "cost_export",
            Self::Subscriptions => "subscriptions_list",
            Self::WhoAmI => "whoami",
        }
    }

    /// Whether it answers only those who have a role on the subscription.
    pub(super) fn reads_costs(self) -> bool {
        !matches!(self, Self::Subscriptions | Self::WhoAmI)
    }
}

impl Call {
    pub(super) fn arguments(&self) -> Value {
        let id = self.place.id();
        match self.tool {
            Tool::Subscriptions | Tool::WhoAmI => json!({}),
            Tool::Query => json!({ "subscriptionId": id, "groupBy": ["ResourceGroupName"] }),
            Tool::Values => json!({ "subscriptionId": id, "dimension": "ServiceName" }),
            Tool::Export | Tool::NextFile => json!({ "subscriptionId": id, "maxRows": 2 }),
            _ => json!({ "subscriptionId": id }),
        }
    }
}

impl Step {
    /// This step, and each part of it about that question where `about_it` says so.
    fn about(self, tool: Tool, place: Place, about_it: [bool; 7]) -> Self {
        let settled = |other: Place| if about_it[0] { place } else { other };
        match self {
            Self::Ask(calls) => {
                let ask = |(call, about_it): (Call, bool)| if about_it { Call { tool, place, ..call } } else { call };
                Self::Ask(calls.into_iter().zip(about_it).map(ask).collect())
            }
            Self::Grant(who, other) => Self::Grant(who, settled(other)),
            Self::Revoke(who, other) => Self::Revoke(who, settled(other)),
            Self::Forbid(other) => Self::Forbid(settled(other)),
            other => other,
        }
    }
}

/// Most of a program is about one question: only where the same is asked again, or by others, can anything go astray.
pub(super) fn programs() -> impl Strategy<Value = Program> {
    let steps = vec((step(), uniform7(weighted(0.6))), 1..12);
    (select(&[1, 1000][..]), select(&Tool::ALL[..]), select(&Place::ALL[..]), steps).prop_map(
        |(cache, tool, place, steps)| {
            let steps = steps.into_iter().map(|(step, about_it)| step.about(tool, place, about_it)).collect();
            Program { cache, steps }
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let with_role = || select(&[Who::Alice, Who::Bob][..]);
    let place = || select(&Place::ALL[..]);
    prop_oneof![
        12 => vec(call(), 1..8).prop_map(Step::Ask),
        2 => Just(Step::Wait),
        1 => session().prop_map(Step::SignIn),
        1 => (with_role(), place()).prop_map(|(who, place)| Step::Grant(who, place)),
        2 => (with_role(), place()).prop_map(|(who, place)| Step::Revoke(who, place)),
        1 => select(&Who::ALL[..]).prop_map(Step::EndSessions),
        1 => any::<bool>().prop_map(Step::DemandSecondFactor),
        1 => place().prop_map(Step::Forbid),
        2 => (trouble(), 1_usize..3).prop_map(|(trouble, count)| Step::Entra(trouble, count)),
        3 => (trouble(), 1_usize..4).prop_map(|(trouble, count)| Step::Azure(trouble, count)),
    ]
}

fn session() -> impl Strategy<Value = Session> {
    (select(&Who::ALL[..]), any::<bool>()).prop_map(|(who, second)| Session { who, second })
}

fn call() -> impl Strategy<Value = Call> {
    let patience = prop_oneof![4 => Just(None), 1 => (0_u64..30).prop_map(Some)];
    (session(), select(&Tool::ALL[..]), select(&Place::ALL[..]), patience)
        .prop_map(|(session, tool, place, patience)| Call { session, tool, place, patience })
}

fn trouble() -> impl Strategy<Value = Trouble> {
    prop_oneof![
        4 => Just(Trouble::Slow),
        1 => Just(Trouble::Throttled),
        1 => Just(Trouble::Unavailable),
        1 => Just(Trouble::Reset),
        1 => Just(Trouble::Truncated),
        1 => Just(Trouble::Html),
    ]
}

/// `Alice`, and `Alice+` for the session with a second factor.
impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}{}", self.who, if self.second { "+" } else { "" })
    }
}

/// `Alice Query Prod`, and how soon she leaves.
impl fmt::Debug for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { session, tool, place, patience } = self;
        match tool {
            Tool::Subscriptions | Tool::WhoAmI => write!(formatter, "{session:?} {tool:?}")?,
            tool => write!(formatter, "{session:?} {tool:?} {place:?}")?,
        }
        patience.map_or(Ok(()), |patience| write!(formatter, " (leaves after {patience} ms)"))
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ask(calls) => {
                let calls: Vec<_> = calls.iter().map(|call| format!("{call:?}")).collect();
                write!(formatter, "Ask {}", calls.join(" | "))
            }
            Self::Wait => write!(formatter, "Wait"),
            Self::SignIn(session) => write!(formatter, "SignIn {session:?}"),
            Self::Grant(who, place) => write!(formatter, "Grant {who:?} {place:?}"),
            Self::Revoke(who, place) => write!(formatter, "Revoke {who:?} {place:?}"),
            Self::EndSessions(who) => write!(formatter, "EndSessions {who:?}"),
            Self::DemandSecondFactor(demanded) => write!(formatter, "DemandSecondFactor {demanded}"),
            Self::Forbid(place) => write!(formatter, "Forbid {place:?}"),
            Self::Entra(trouble, count) => write!(formatter, "Entra {trouble:?} x{count}"),
            Self::Azure(trouble, count) => write!(formatter, "Azure {trouble:?} x{count}"),
        }
    }
}

/// One step a line.
impl fmt::Debug for Program {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a cache of {}", self.cache)?;
        self.steps.iter().try_for_each(|step| write!(formatter, "\n  {step:?}"))
    }
}
