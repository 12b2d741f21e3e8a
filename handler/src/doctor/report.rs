//! The findings together: as text for a person, as JSON for a machine.

use std::fmt::Write as _;

use super::{
    finding::{Check, Finding, Status},
    request::Form,
};

/// Of the longest title.
const WIDTH: usize = "token permissions".len();

/// The findings; shown in the order of the checks.
#[derive(Debug, Default)]
pub(super) struct Report(Vec<Finding>);

impl Report {
    /// Adds a finding, and tells whether its check passed.
    pub(super) fn push(&mut self, finding: Finding) -> bool {
        let passed = matches!(finding.status, Status::Ok | Status::Warning);
        self.0.push(finding);
        passed
    }

    pub(super) fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.0.extend(findings);
    }

    /// Adds a check that can't be made; it did not pass.
    pub(super) fn skip(&mut self, check: Check, why: &str) -> bool {
        self.push(Finding::not_checked(check, why))
    }

    /// Every check that has no finding yet can't be made.
    pub(super) fn skip_the_rest(&mut self, why: &str) {
        for check in Check::ALL {
            if !self.0.iter().any(|finding| finding.check == check) {
                self.skip(check, why);
            }
        }
    }

    /// Nothing is wrong. What was not checked is not known to be.
    pub(super) fn is_healthy(&self) -> bool {
        self.count(Status::Failed) == 0
    }

    pub(super) fn render(&self, form: Form) -> String {
        let mut findings: Vec<_> = self.0.iter().collect();
        findings.sort_by_key(|finding| finding.check);
        match form {
            Form::Text => self.text(&findings),
            // findings of plain text always serialise
            Form::Json => serde_json::to_string_pretty(&findings).unwrap_or_else(|_| "[]".to_owned()) + "\n",
        }
    }

    fn text(&self, findings: &[&Finding]) -> String {
        let mut text = String::new();
        // what could not be checked for one reason is one line
        for group in findings.chunk_by(|one, next| one.status == Status::NotChecked && one.is_like(next)) {
            let [first, ..] = group else { continue };
            let titles: Vec<_> = group.iter().map(|finding| finding.check.title()).collect();
            let (title, detail) = match (first.status, titles.as_slice()) {
                (Status::NotChecked, [title]) => (*title, format!("not checked: {}", first.detail)),
                (Status::NotChecked, titles) => ("not checked", format!("{}: {}", titles.join(", "), first.detail)),
                _ => (first.check.title(), first.detail.clone()),
            };
            let _ = writeln!(text, "{} {title:WIDTH$}  {detail}", first.status.mark());
            if let Some(fix) = &first.fix {
                let _ = writeln!(text, "  {:WIDTH$}  fix: {fix}", "");
            }
        }
        let _ = writeln!(
            text,
            "\n{} failed, {} to be warned of, {} not checked",
            self.count(Status::Failed),
            self.count(Status::Warning),
            self.count(Status::NotChecked)
        );
        text
    }

    fn count(&self, status: Status) -> usize {
        self.0.iter().filter(|finding| finding.status == status).count()
    }
}

#[cfg(test)]
mod tests {
    //! Proves what a person and a machine read, and what counts as healthy.

    use insta::assert_snapshot;

    use super::*;

    fn report() -> Report {
        let mut report = Report::default();
        assert!(report.push(Finding::ok(Check::Settings, "complete and valid")));
        assert!(report.push(Finding::warning(Check::PublicUrl, "works").fix("look")));
        assert!(!report.push(Finding::told(Check::TlsRoots, "KEY: wrong; say: it; twice")));
        report
    }

    #[test]
    fn a_person_reads_one_line_a_check_and_the_fix_below() {
        assert_snapshot!(report().render(Form::Text), @"
        ✓ settings           complete and valid
        ! public url         works
                             fix: look
        ✗ tls roots          KEY: wrong
                             fix: say: it; twice

        1 failed, 1 to be warned of, 0 not checked
        ");
    }

    #[test]
    fn a_machine_reads_the_same() {
        assert_snapshot!(report().render(Form::Json), @r#"
        [
          {
            "check": "settings",
            "status": "ok",
            "detail": "complete and valid",
            "fix": null
          },
          {
            "check": "public_url",
            "status": "warning",
            "detail": "works",
            "fix": "look"
          },
          {
            "check": "tls_roots",
            "status": "failed",
            "detail": "KEY: wrong",
            "fix": "say: it; twice"
          }
        ]
        "#);
    }

    #[test]
    fn what_is_in_no_finding_is_shown_as_not_checked_and_is_no_failure() {
        let mut report = Report::default();
        report.push(Finding::warning(Check::Settings, "x"));
        report.skip_the_rest("of nothing");
        assert_eq!(report.0.len(), Check::ALL.len());
        assert_eq!(report.count(Status::NotChecked), Check::ALL.len() - 1);
        assert!(report.is_healthy());
        report.push(Finding::failed(Check::OnBehalfOf, "x"));
        assert!(!report.is_healthy());
    }

    #[test]
    fn the_titles_are_the_words_of_the_json() {
        for check in Check::ALL {
            assert_eq!(serde_json::to_value(check).unwrap(), check.title().replace(' ', "_"));
        }
    }
}
