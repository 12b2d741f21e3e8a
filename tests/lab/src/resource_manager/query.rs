//! Runs a query: sums rows, sorts them, and cuts them into pages.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Response;
use rust_decimal::Decimal;

use super::{
    CostRow, answer,
    definition::{Definition, Grouping},
    errors::ArmError,
    page::Page,
    question::Question,
    route::Operation,
    table::{self, Column, Key, Line, Moment},
};

/// Rows of a page unless `$top` says otherwise.
const PAGE: usize = 1_000;

/// Rows of a page at most.
const LARGEST_PAGE: usize = 5_000;

/// The api-version of links to the next page: another one than any client asks for, as in Azure.
const LINK_API_VERSION: &str = "2021-10-01";

/// Answers a query on a scope the caller may read.
pub(super) fn run(question: &Question<'_>, definition: &Definition) -> Result<Response<Bytes>, ArmError> {
    let columns = columns(definition);
    let mut lines = sum(definition, question.rows());
    sort(definition, &columns, &mut lines)?;
    if lines.is_empty() {
        return Ok(answer::no_content());
    }
    let page = Page::read(question.request, PAGE, LARGEST_PAGE)?;
    let next_link = page.next_link(question.url, question.request, lines.len(), LINK_API_VERSION);
    Ok(table::answer(question.scope, Operation::Query, &columns, page.of(&lines), next_link))
}

/// Aggregations by the name of their source, then the date, the groupings, and the currency.
fn columns(definition: &Definition) -> Vec<Column> {
    let mut columns: Vec<_> = definition.aggregations.iter().map(|(_, measure)| Column::number(measure)).collect();
    columns.extend(Column::moment(definition.granularity));
    for grouping in &definition.groupings {
        match grouping {
            Grouping::Dimension(name) => columns.push(Column::text(name)),
            Grouping::Tag(_) => columns.extend([Column::text("TagKey"), Column::text("TagValue")]),
        }
    }
    columns.push(Column::text("Currency"));
    columns
}

fn sum<'a>(definition: &Definition, rows: impl Iterator<Item = &'a CostRow>) -> Vec<Line> {
    let mut sums: BTreeMap<Key, Vec<Decimal>> = BTreeMap::new();
    let wanted = |row: &&CostRow| {
        definition.period.contains(row.date)
            && row.is_in(definition.metric)
            && definition.filter.as_ref().is_none_or(|filter| filter.admits(row))
    };
    for row in rows.filter(wanted) {
        let sums =
            sums.entry(key(definition, row)).or_insert_with(|| vec![Decimal::ZERO; definition.aggregations.len()]);
        for (sum, (_, measure)) in sums.iter_mut().zip(&definition.aggregations) {
            *sum = sum.checked_add(row.measure(definition.metric, measure)).unwrap_or(Decimal::MAX);
        }
    }
    sums.into_iter().map(|(key, amounts)| Line { amounts, key }).collect()
}

fn key(definition: &Definition, row: &CostRow) -> Key {
    let mut groups = Vec::new();
    for grouping in &definition.groupings {
        match grouping {
            Grouping::Dimension(name) => groups.push(Some(row.dimension(name).into_owned())),
            Grouping::Tag(name) => groups.extend([Some(name.clone()), row.tag(name).map(str::to_owned)]),
        }
    }
    Key { moment: Moment::of(row.date, definition.granularity), groups, currency: row.currency.to_string() }
}

fn sort(definition: &Definition, columns: &[Column], lines: &mut [Line]) -> Result<(), ArmError> {
    // the first order is the strongest, so it is applied last
    for sorting in definition.sorting.iter().rev() {
        let alias = definition.aggregations.iter().position(|(alias, _)| *alias == sorting.column);
        let column = columns.iter().position(|column| column.name.eq_ignore_ascii_case(&sorting.column));
        let index = alias.or(column).ok_or_else(|| {
            ArmError::definition(format_args!("Invalid dataset sorting: '{}' is not a column", sorting.column))
        })?;
        lines.sort_by(|left, right| {
            let order = left.compare(right, index);
            if sorting.descending { order.reverse() } else { order }
        });
    }
    Ok(())
}
