//! A question about costs that the caller may ask.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;

use super::{
    CostRow,
    scope::{Scope, Selection},
};

/// What every operation of Cost Management works with.
pub(super) struct Question<'a> {
    /// Where Resource Manager is.
    pub(super) url: &'a str,
    pub(super) request: &'a Request<Bytes>,
    pub(super) scope: &'a Scope,
    pub(super) selection: Selection,
    pub(super) all_rows: Arc<Vec<CostRow>>,
}

impl Question<'_> {
    /// The rows of the scope.
    pub(super) fn rows(&self) -> impl Iterator<Item = &CostRow> {
        self.all_rows.iter().filter(|row| self.selection.admits(row))
    }
}
