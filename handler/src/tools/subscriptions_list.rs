//! `subscriptions_list`: which subscriptions the caller sees, and their ids.

use identity::{Scope, UnixTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    facts,
    registry::{Answer, Run, THEIRS, Tool, UserCall},
    schema,
    search_text::SearchText,
    stop::Stop,
    table::Table,
};
use crate::azure::{CostSupport, Name, PAGE_LIMIT, Subscription, SubscriptionId, Subscriptions};

/// The most subscriptions shown: more cost a model its attention, and a search finds the one that is meant.
const MOST: usize = 100;

/// The definition.
pub(super) fn tool() -> Tool {
    Tool {
        name: "subscriptions_list",
        title: "Azure subscriptions",
        description: format!(
            "The subscriptions that the signed-in user sees, by name, with the id that other tools ask for. Call it \
             once, when no subscription's id is known. Seeing a subscription does not mean being allowed to read its \
             costs. It does not count against the limit of cost queries. {THEIRS}"
        ),
        input: schema::input(&[schema::part::<Arguments>()]),
        output: schema::output::<List>(),
        run: Run::User(Scope::CostRead, |call| Box::pin(run(call))),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    /// Only subscriptions whose name contains this text, without regard to case. Default: all.
    name_contains: Option<SearchText>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct List {
    /// In alphabetical order.
    items: Vec<Item>,
    /// How many match of those that were read, also those that are not shown.
    matching: usize,
    /// How many were read.
    total: usize,
    /// Whether the caller sees more than were read.
    #[serde(skip)]
    capped: bool,
    /// Whether every subscription that matches is shown.
    complete: bool,
    /// When Azure was asked, as RFC 3339 in UTC.
    as_of: String,
    notes: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Item {
    subscription_id: SubscriptionId,
    /// Chosen by others.
    name: Name,
    /// `Enabled`, `Disabled`, `Warned`, `PastDue` or `Deleted`.
    state: Name,
    /// The quota id of the offer it was bought under.
    #[serde(skip_serializing_if = "Option::is_none")]
    offer: Option<Name>,
    /// Whether Cost Management knows costs of that offer; whether this user may read them is another question.
    cost_supported: CostSupport,
}

async fn run(call: UserCall<'_>) -> Result<Answer, Stop> {
    let (sought, now) = (call.arguments::<Arguments>()?.name_contains.unwrap_or_default(), call.now());
    let subscriptions = call.azure().await?.subscriptions().await.map_err(Stop::not_listed)?;
    Ok(answer(subscriptions, &sought, now))
}

fn answer(Subscriptions { all, capped }: Subscriptions, sought: &SearchText, now: UnixTime) -> Answer {
    let total = all.len();
    let mut items: Vec<_> = all.into_iter().filter(|one| sought.is_in(&one.name)).map(Item::from).collect();
    items.sort_by_cached_key(|item| (item.name.as_str().to_lowercase(), item.subscription_id.to_string()));
    let matching = items.len();
    items.truncate(MOST);
    let data = List {
        complete: !capped && items.len() == matching,
        notes: notes(&items, matching, capped),
        as_of: facts::rfc3339(now),
        items,
        matching,
        total,
        capped,
    };
    Answer::new(text(&data, sought), &data)
}

impl From<Subscription> for Item {
    fn from(subscription: Subscription) -> Self {
        let Subscription { id, name, state, offer, cost_support } = subscription;
        Self { subscription_id: id, name, state, offer, cost_supported: cost_support }
    }
}

fn notes(items: &[Item], matching: usize, capped: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if capped {
        notes.push(format!("Azure has more than {PAGE_LIMIT} pages of subscriptions; the rest was not read."));
    }
    if items.len() < matching {
        notes.push(format!("Not shown: {} more. Use `nameContains` to find them.", matching - items.len()));
    }
    let has = |support| items.iter().any(|item| item.cost_supported == support);
    if has(CostSupport::No) {
        notes.push("Cost data \"no\": Cost Management does not know the costs of that offer.".to_owned());
    }
    if has(CostSupport::Unknown) {
        notes
            .push("Cost data \"unknown\": the offer does not tell whether Cost Management knows its costs.".to_owned());
    }
    if !items.is_empty() {
        notes.push(
            "The list is what you may see, not whose costs you may read: that takes the role Cost Management Reader or \
             Reader."
                .to_owned(),
        );
    }
    notes.push("Only the tenant of your sign-in is listed; subscriptions of another tenant are not.".to_owned());
    notes
}

fn text(data: &List, sought: &SearchText) -> String {
    let mut text = sentence(data, sought);
    text.push_str("\n\n");
    if !data.items.is_empty() {
        let mut table = Table::new().text("Subscription").text("Id").text("State").text("Offer").text("Cost data");
        for Item { subscription_id, name, state, offer, cost_supported } in &data.items {
            let offer = offer.as_ref().map(Name::markdown).unwrap_or_default();
            let support = cost_supported.word().to_owned();
            table.row([name.markdown(), subscription_id.to_string(), state.markdown(), offer, support]);
        }
        text.push_str(&table.into_text());
        text.push('\n');
    }
    text.extend(data.notes.iter().flat_map(|note| ["- ", note, "\n"]));
    text
}

fn sentence(data: &List, sought: &SearchText) -> String {
    let &List { matching, total, capped, .. } = data;
    let seen = match total {
        _ if capped => format!("more than {total} subscriptions"),
        1 => "1 subscription".to_owned(),
        count => format!("{count} subscriptions"),
    };
    match (total, matching) {
        (0, _) if !capped => {
            "You see no subscription. Ask an administrator of the one you mean to assign you Cost Management \
                   Reader on it, which takes effect within minutes; if it belongs to another tenant, this server can't \
                   read it."
                .to_owned()
        }
        (_, 0) => format!(
            "You see {seen}, none with {} in its name. Ask again with less of the name, or without `nameContains`.",
            sought.markdown()
        ),
        _ if sought.is_empty() => format!("You see {seen}."),
        _ => format!("You see {seen}, {matching} with {} in the name.", sought.markdown()),
    }
}

#[cfg(test)]
mod tests;
