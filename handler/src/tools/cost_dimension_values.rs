//! `cost_dimension_values`: which values a dimension has, as filters take them.

use std::borrow::Cow;

use identity::{Scope, UnixTime};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{
    arguments::BadArgument,
    facts,
    registry::{Answer, Run, THEIRS, Tool, UserCall},
    schema,
    search_text::SearchText,
    stop::Stop,
    subject::ScopeArguments,
    table::Table,
};
use crate::azure::{CostScope, Day, Dimension, DimensionValues, Grouping, Name};

/// The definition.
pub(super) fn tool() -> Tool {
    Tool {
        name: "cost_dimension_values",
        title: "Values of a cost dimension",
        description: format!(
            "The values that one dimension has in the usage of a subscription, a resource group or a management group: \
             the exact names that the filters of the cost tools take, for example of resource groups or services. \
             Without costs. Call it only when a name is uncertain: it counts against the limit of cost queries. \
             {THEIRS}"
        ),
        input: schema::input(&[schema::part::<ScopeArguments>(), schema::part::<Arguments>()]),
        output: schema::output::<Listed>(),
        run: Run::User(Scope::CostRead, |call| Box::pin(run(call))),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    #[schemars(schema_with = "dimension_schema")]
    dimension: Grouping,
    /// Only values that contain this text, without regard to case. Default: all.
    contains: Option<SearchText>,
    top: Option<Top>,
}

/// How many values are shown: 1 to 200, by default 50.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
struct Top(usize);

/// What is asked.
struct Question {
    scope: CostScope,
    dimension: Dimension,
    contains: SearchText,
    top: Top,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Listed {
    scope: CostScope,
    /// As filters name it.
    dimension: &'static str,
    /// In alphabetical order, as filters take them. Chosen by others; an empty one stands for usage that has none.
    values: Vec<Name>,
    /// How many match of those that were read, also those that are not shown.
    matching: usize,
    /// How many there are in all, by Azure's count.
    total: usize,
    /// Whether every value that matches is shown.
    complete: bool,
    /// First and last day of the usage, where Azure says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    /// When Azure was asked, as RFC 3339 in UTC.
    as_of: String,
    notes: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Usage {
    from: Day,
    to: Day,
}

async fn run(call: UserCall<'_>) -> Result<Answer, Stop> {
    let (question, now) = (question(&call)?, call.now());
    let Question { scope, dimension, .. } = &question;
    let values = call.azure().await?.dimension_values(scope, *dimension).await;
    Ok(answer(&question, values.map_err(|failure| Stop::failed(failure, scope))?, now))
}

fn question(call: &UserCall<'_>) -> Result<Question, BadArgument> {
    let Arguments { dimension, contains, top } = call.arguments()?;
    let scope = call.arguments::<ScopeArguments>()?.scope()?;
    Ok(Question {
        dimension: of_azure(&dimension, &scope)?,
        scope,
        contains: contains.unwrap_or_default(),
        top: top.unwrap_or_default(),
    })
}

/// Azure lists values of dimensions; those of a tag are known from costs alone.
fn of_azure(grouping: &Grouping, scope: &CostScope) -> Result<Dimension, BadArgument> {
    match grouping {
        Grouping::Dimension(Dimension::ResourceId) if scope.is_management_group() => Err(BadArgument {
            sentence: "Argument `dimension`: Azure tells resources apart within a subscription only.".to_owned(),
            how: r#"Ask for one subscription or resource group, or for another dimension. For example: `{"dimension":"ResourceGroupName"}`."#
                .to_owned(),
        }),
        Grouping::Dimension(dimension) => Ok(*dimension),
        Grouping::Tag(_) => Err(BadArgument {
            sentence: "Azure does not list the values of a tag.".to_owned(),
            how: r#"Use cost_query, which shows each value with its cost. For example: `{"groupBy":["tag:team"]}`."#
                .to_owned(),
        }),
    }
}

fn answer(question: &Question, read: DimensionValues, now: UnixTime) -> Answer {
    let Question { scope, dimension, contains, top } = question;
    let count = read.values.len();
    let mut values: Vec<_> = read.values.into_iter().filter(|value| contains.is_in(value)).collect();
    values.sort_by_cached_key(|value| (value.as_str().to_lowercase(), value.clone()));
    let matching = values.len();
    values.truncate(top.0);
    let data = Listed {
        scope: scope.clone(),
        dimension: dimension.name(),
        complete: values.len() == matching && count == read.total,
        notes: notes(&values, matching, count, read.total),
        values,
        matching,
        total: read.total,
        usage: read.usage.map(|(from, to)| Usage { from, to }),
        as_of: facts::rfc3339(now),
    };
    Answer::new(text(&data, question), &data)
}

fn notes(shown: &[Name], matching: usize, read: usize, total: usize) -> Vec<String> {
    let mut notes = Vec::new();
    if total == 0 {
        notes.push(
            "A new subscription has usage after up to 48 hours; sponsored, student and classic partner subscriptions \
             have none here."
                .to_owned(),
        );
    }
    if read < total {
        notes.push(format!("Azure named {read} of {total} values; the others were not looked through."));
    }
    if shown.len() < matching {
        let rest = matching - shown.len();
        notes.push(format!("Not shown: {rest} more. Use `contains`, or a larger `top` up to {}.", Top::MOST));
    }
    if shown.iter().any(Name::is_empty) {
        notes.push("(empty): some usage has no value here; a filter takes the empty text for it.".to_owned());
    }
    notes
}

fn text(data: &Listed, question: &Question) -> String {
    let mut text = sentence(data, question);
    if !data.values.is_empty() {
        let mut table = Table::new().text(question.dimension.heading());
        for value in &data.values {
            table.row([if value.is_empty() { "(empty)".to_owned() } else { value.markdown() }]);
        }
        text.push('\n');
        text.push_str(&table.into_text());
    }
    if !data.notes.is_empty() {
        text.push('\n');
        text.extend(data.notes.iter().flat_map(|note| ["- ", note, "\n"]));
    }
    text
}

fn sentence(data: &Listed, question: &Question) -> String {
    let Listed { dimension, matching, total, as_of, .. } = data;
    let scope = Name::value(&question.scope.to_string()).markdown();
    let usage = data.usage.as_ref().map(|Usage { from, to }| format!(" from {from} to {to}")).unwrap_or_default();
    let count = match total {
        0 => "no value".to_owned(),
        1 => "1 value".to_owned(),
        count => format!("{count} values"),
    };
    let found = match matching {
        _ if *total == 0 || question.contains.is_empty() => String::new(),
        0 => format!(", of which none contains {}", question.contains.markdown()),
        1 => format!(", of which 1 contains {}", question.contains.markdown()),
        count => format!(", of which {count} contain {}", question.contains.markdown()),
    };
    format!("{dimension} has {count} in the usage of {scope}{usage}{found} (as of {as_of}).\n")
}

impl Top {
    const MOST: usize = 200;
}

impl Default for Top {
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<u64> for Top {
    type Error = &'static str;

    fn try_from(count: u64) -> Result<Self, Self::Error> {
        let count = usize::try_from(count).ok().filter(|count| (1..=Self::MOST).contains(count));
        count.map(Self).ok_or("out of range")
    }
}

impl JsonSchema for Top {
    fn schema_name() -> Cow<'static, str> {
        "Top".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "integer",
            "description": "How many to show, 1 to 200. Default: 50.",
            "minimum": 1,
            "maximum": Self::MOST,
            "examples": [50],
        })
    }
}

fn dimension_schema(_: &mut SchemaGenerator) -> Schema {
    let names = Dimension::ALL.map(Dimension::name);
    json_schema!({
        "type": "string",
        "description": format!("Whose values: one of {}.", names.join(", ")),
        "enum": names,
        "examples": ["ResourceGroupName"],
    })
}

#[cfg(test)]
mod tests;
