//! Reading variables and collecting what is wrong with them.

use std::fmt;

/// One thing the operator must change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The variable to change.
    pub variable: &'static str,
    /// What is wrong with it, as the end of a sentence that begins with the variable.
    pub wrong: String,
    /// What to do.
    pub fix: &'static str,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}; {}", self.variable, self.wrong, self.fix)
    }
}

/// Reads variables. Each method answers `None` after noting the problem, so that reading goes on to the next variable.
pub(super) struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup, problems: Vec::new() }
    }

    /// The variable's text without surrounding white space. Empty is the same as unset: portals can't tell them apart.
    pub(super) fn text(&self, variable: &str) -> Option<String> {
        (self.lookup)(variable).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    pub(super) fn is_set(&self, variable: &str) -> bool {
        self.text(variable).is_some()
    }

    pub(super) fn problem(&mut self, variable: &'static str, wrong: String, fix: &'static str) {
        self.problems.push(Problem { variable, wrong, fix });
    }

    /// A variable that must be set.
    pub(super) fn required<T>(
        &mut self,
        variable: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
        fix: &'static str,
    ) -> Option<T> {
        match self.text(variable) {
            Some(text) => self.parsed(variable, parse(&text), fix),
            None => self.parsed(variable, Err("is not set".into()), fix),
        }
    }

    /// A variable that may be unset. The default is read like a text of the operator's.
    pub(super) fn or_default<T>(
        &mut self,
        variable: &'static str,
        default: &str,
        parse: impl Fn(&str) -> Result<T, String>,
        fix: &'static str,
    ) -> Option<T> {
        let text = self.text(variable);
        self.parsed(variable, parse(text.as_deref().unwrap_or(default)), fix)
    }

    /// A comma list; empty entries are skipped. Any bad entry is a problem of the whole.
    pub(super) fn list<T>(
        &mut self,
        variable: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
        fix: &'static str,
    ) -> Option<Vec<T>> {
        let text = self.text(variable).unwrap_or_default();
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let parsed = entries
            .enumerate()
            .map(|(index, entry)| parse(entry).map_err(|wrong| format!("entry {} {wrong}", index + 1)))
            .collect();
        self.parsed(variable, parsed, fix)
    }

    /// What was read, if nothing at all was wrong.
    pub(super) fn finish<T>(self, read: Option<T>) -> Result<T, Vec<Problem>> {
        read.filter(|_| self.problems.is_empty()).ok_or(self.problems)
    }

    fn parsed<T>(&mut self, variable: &'static str, result: Result<T, String>, fix: &'static str) -> Option<T> {
        result.map_err(|wrong| self.problem(variable, wrong, fix)).ok()
    }
}
