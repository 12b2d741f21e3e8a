//! Which rows a question is about.

use serde::Deserialize;

use super::{
    CostRow,
    definition::{one_of, refused},
    errors::ArmError,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FilterBody {
    and: Option<Vec<FilterBody>>,
    or: Option<Vec<FilterBody>>,
    dimensions: Option<Comparison>,
    tags: Option<Comparison>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Comparison {
    name: String,
    operator: String,
    values: Vec<String>,
}

/// A condition on rows.
pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Dimension(&'static str, Vec<String>),
    Tag(String, Vec<String>),
}

impl Filter {
    pub(super) fn read(body: FilterBody, dimensions: &[&'static str]) -> Result<Self, ArmError> {
        let several = |filters: Vec<FilterBody>| {
            if filters.len() < 2 {
                return Err(refused("dataset filter: 'and' and 'or' need at least 2 items"));
            }
            filters.into_iter().map(|filter| Self::read(filter, dimensions)).collect::<Result<Vec<_>, _>>()
        };
        match (body.and, body.or, body.dimensions, body.tags) {
            (Some(filters), None, None, None) => several(filters).map(Self::All),
            (None, Some(filters), None, None) => several(filters).map(Self::Any),
            (None, None, Some(comparison), None) => {
                let name = one_of("dataset filter", &comparison.name, dimensions)?;
                Ok(Self::Dimension(name, comparison.values()?))
            }
            (None, None, None, Some(comparison)) => Ok(Self::Tag(comparison.name.clone(), comparison.values()?)),
            _ => Err(refused("dataset filter: exactly one of and, or, dimensions, tags is allowed")),
        }
    }

    pub(super) fn admits(&self, row: &CostRow) -> bool {
        let among = |values: &[String], actual: &str| values.iter().any(|value| value.eq_ignore_ascii_case(actual));
        match self {
            Self::All(filters) => filters.iter().all(|filter| filter.admits(row)),
            Self::Any(filters) => filters.iter().any(|filter| filter.admits(row)),
            Self::Dimension(name, values) => among(values, &row.dimension(name)),
            Self::Tag(name, values) => row.tag(name).is_some_and(|actual| among(values, actual)),
        }
    }
}

impl Comparison {
    fn values(self) -> Result<Vec<String>, ArmError> {
        one_of("dataset filter operator", &self.operator, &["In"])?;
        if self.values.is_empty() {
            return Err(refused("dataset filter: 'values' must not be empty"));
        }
        Ok(self.values)
    }
}
