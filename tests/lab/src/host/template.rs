//! Route templates of ASP.NET Core, as far as functions use them: literals, `{name}` for one segment, `{*name}` for the
//! rest. <https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-templates>

/// A parsed template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    segments: Vec<Segment>,
    takes_rest: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    /// Compared without regard to case.
    Literal(String),
    /// Any segment that is not empty.
    Any,
}

impl Template {
    /// Refuses what this does not model (constraints, optional and mixed segments), with the reason.
    pub(super) fn parse(prefix: &str, route: &str) -> Result<Self, String> {
        let template = if prefix.is_empty() { route.to_owned() } else { format!("{prefix}/{route}") };
        if template.starts_with(['/', '~']) {
            return Err(format!("the route `{template}` must not start with `/` or `~`"));
        }
        let mut segments: Vec<_> = template.split('/').filter(|segment| !segment.is_empty()).collect();
        let takes_rest = segments.pop_if(|last| last.strip_prefix("{*").is_some_and(is_parameter_end)).is_some();
        let segments = segments.into_iter().map(|segment| match segment.strip_prefix('{') {
            Some(name) if is_parameter_end(name) => Ok(Segment::Any),
            None if !segment.contains(['{', '}']) => Ok(Segment::Literal(segment.to_owned())),
            _ => Err(format!(
                "the route segment `{segment}` is not modelled: use text, `{{name}}`, or a last `{{*name}}`"
            )),
        });
        Ok(Self { segments: segments.collect::<Result<_, _>>()?, takes_rest })
    }

    /// Whether a decoded path matches; a slash at its end is of no consequence.
    pub(super) fn matches(&self, path: &str) -> bool {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut segments = path.split('/').filter(|_| !path.is_empty());
        let all_match = self.segments.iter().all(|expected| match (expected, segments.next()) {
            (Segment::Literal(literal), Some(segment)) => literal.to_lowercase() == segment.to_lowercase(),
            (Segment::Any, Some(segment)) => !segment.is_empty(),
            (_, None) => false,
        });
        all_match && (self.takes_rest || segments.next().is_none())
    }
}

/// `name}`, without constraint, default or question mark.
fn is_parameter_end(text: &str) -> bool {
    let name = text.strip_suffix('}').unwrap_or_default();
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    //! Proves the matching of the templates that functions use. ASP.NET's own router is the judge of everything else.
    use super::*;

    #[test]
    fn templates_match_the_paths_that_asp_net_core_would_match() {
        let cases: [(&str, &[&str], &[&str]); 6] = [
            ("mcp", &["/mcp", "/MCP", "/mcp/"], &["/", "/mcp/x", "/mcpx", "//mcp", "/mcp//"]),
            (".well-known/{*rest}", &["/.well-known/a", "/.well-known/a/b", "/.well-known"], &["/well-known/a", "/"]),
            ("a/{id}", &["/a/1", "/a/1/"], &["/a", "/a/", "/a//", "/a/1/2"]),
            ("a/{id}/b", &["/a/1/b"], &["/a//b", "/a/1/c"]),
            ("{*path}", &["/", "/a", "/a/b/c"], &[]),
            ("", &["/"], &["/a"]),
        ];
        for (route, matching, others) in cases {
            let template = Template::parse("", route).unwrap();
            for path in matching {
                assert!(template.matches(path), "{route} should match {path}");
            }
            for path in others {
                assert!(!template.matches(path), "{route} should not match {path}");
            }
        }
    }

    #[test]
    fn the_prefix_comes_before_the_route() {
        let template = Template::parse("api", "mcp").unwrap();
        assert!(template.matches("/api/mcp"));
        assert!(!template.matches("/mcp"));
    }

    #[test]
    fn what_is_not_modelled_is_refused() {
        for route in ["{id:int}", "{id?}", "{*path=x}", "a{b}", "{*path}/more", "/mcp", "~/mcp", "{}", "{a"] {
            assert!(Template::parse("", route).is_err(), "{route}");
        }
    }
}
