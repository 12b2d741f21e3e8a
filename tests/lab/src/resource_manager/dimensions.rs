//! Dimensions and their values: <https://learn.microsoft.com/rest/api/cost-management/dimensions/list>.
//!
//! Tags are in doubt: that their keys are a category `Tag`, and that a key is a category with its values, is described
//! nowhere and seen in no recorded answer. Over which days Azure looks for values is not described either; here it is
//! all there are.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::Response;
use serde::Serialize;

use super::{
    CostRow, answer,
    definition::{dimensions, invalid},
    errors::ArmError,
    page::Page,
    question::Question,
};
use crate::server;

/// Values of a dimension at most, and unless `$top` says otherwise.
const LARGEST_PAGE: usize = 1_000;

const TAG: &str = "Tag";

#[derive(Serialize)]
struct Body {
    value: Vec<Dimension>,
}

#[derive(Serialize)]
struct Dimension {
    id: String,
    name: String,
    r#type: &'static str,
    tags: Option<()>,
    properties: Properties,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    category: String,
    description: String,
    filter_enabled: bool,
    grouping_enabled: bool,
    data: Vec<String>,
    total: usize,
    usage_start: String,
    usage_end: String,
    next_link: Option<String>,
}

/// Lists dimensions of a scope the caller may read, or one dimension with its values.
pub(super) fn run(question: &Question<'_>) -> Result<Response<Bytes>, ArmError> {
    let request = question.request;
    let page = Page::read(request, LARGEST_PAGE, LARGEST_PAGE)?;
    let expanded = match server::parameter(request, "$expand").as_deref() {
        None => false,
        Some(expand) if expand.eq_ignore_ascii_case("properties/data") => true,
        Some(other) => return Err(invalid("$expand", other, &["properties/data"])),
    };
    let rows: Vec<_> = question.rows().collect();
    let categories = match server::parameter(request, "$filter") {
        Some(filter) => vec![category(question, &rows, &filter)?],
        None => known(question).map(str::to_owned).collect(),
    };
    let (Some(first), Some(last)) = (rows.iter().map(|row| row.date).min(), rows.iter().map(|row| row.date).max())
    else {
        return Ok(answer::no_content());
    };
    let version = server::parameter(request, "api-version").unwrap_or_default();
    let dimension = |category: String| {
        let values = values(question, &rows, &category);
        let scope = question.scope;
        Dimension {
            id: format!("{scope}/providers/Microsoft.CostManagement/dimensions/{category}"),
            name: category.clone(),
            r#type: "Microsoft.CostManagement/dimensions",
            tags: None,
            properties: Properties {
                description: category.clone(),
                filter_enabled: true,
                grouping_enabled: true,
                total: values.len(),
                usage_start: answer::midnight(first),
                usage_end: answer::midnight(last),
                next_link: page.next_link(question.url, request, values.len(), &version).filter(|_| expanded),
                data: if expanded { page.of(values).collect() } else { Vec::new() },
                category,
            },
        }
    };
    Ok(answer::ok(&Body { value: categories.into_iter().map(dimension).collect() }))
}

/// The category of `properties/category eq 'X'`, by the name it has here.
fn category(question: &Question<'_>, rows: &[&CostRow], filter: &str) -> Result<String, ArmError> {
    let refused = || ArmError::definition(format_args!("Invalid $filter: '{filter}'"));
    let [property, operator, value] = *filter.splitn(3, ' ').collect::<Vec<_>>() else { return Err(refused()) };
    let wanted = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\''));
    // in a literal, an apostrophe is written twice
    let wanted = wanted.map(|wanted| wanted.replace("''", "'")).ok_or_else(refused)?;
    if !property.eq_ignore_ascii_case("properties/category") || !operator.eq_ignore_ascii_case("eq") {
        return Err(refused());
    }
    let dimension = known(question).find(|name| name.eq_ignore_ascii_case(&wanted)).map(str::to_owned);
    let tag = || tag_keys(rows).into_iter().find(|key| key.eq_ignore_ascii_case(&wanted));
    dimension.or_else(tag).ok_or_else(|| {
        let valid: Vec<_> = known(question).collect();
        invalid("dimension category", &wanted, &valid)
    })
}

fn known(question: &Question<'_>) -> impl Iterator<Item = &'static str> {
    dimensions(question.scope).iter().copied().chain([TAG])
}

fn values(question: &Question<'_>, rows: &[&CostRow], category: &str) -> BTreeSet<String> {
    if category == TAG {
        return tag_keys(rows);
    }
    if known(question).any(|name| name == category) {
        return rows.iter().map(|row| row.dimension(category).into_owned()).collect();
    }
    rows.iter().filter_map(|row| row.tag(category)).map(str::to_owned).collect()
}

fn tag_keys(rows: &[&CostRow]) -> BTreeSet<String> {
    rows.iter().flat_map(|row| &row.tags).map(|(key, _)| key.to_string()).collect()
}
