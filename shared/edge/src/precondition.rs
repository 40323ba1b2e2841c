//! `If-Match` over versions. An entity tag is the version in quotes, or `version-representation` where a reply shows more.

use crate::Problem;
use terms::Precondition;

/// Reads the header `name`. Tags that are no version of ours match nothing and are left out. Weak tags are refused, since comparison is strong there: such a precondition could
/// never hold, and a client that sends one has a mistake to find.
pub(crate) fn parse(name: &str, value: &str) -> Result<Precondition, Problem> {
    let value = value.trim();
    if value == "*" {
        return Ok(Precondition::Any);
    }
    let malformed = || Problem::invalid_field(name, "must be \"*\" or entity tags in quotes, for instance \"3\"");
    let mut versions = Vec::new();
    let mut rest = value;
    loop {
        if rest.starts_with("W/") {
            return Err(Problem::invalid_field(name, "must not be a weak entity tag"));
        }
        let (tag, after) = rest.strip_prefix('"').and_then(|opened| opened.split_once('"')).ok_or_else(malformed)?;
        let version = tag.split('-').next().unwrap_or(tag);
        versions.extend(version.parse::<i64>().ok().filter(|number| number.to_string() == version));
        match after.trim_start().strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None if after.trim().is_empty() => return Ok(Precondition::Versions(versions)),
            None => return Err(malformed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_stars_and_lists_are_read_and_strangers_match_nothing() {
        let cases = [
            ("*", Precondition::Any),
            ("\"3\"", Precondition::Versions(vec![3])),
            (" \"3\" , \"4\",\"5\" ", Precondition::Versions(vec![3, 4, 5])),
            ("\"3-0a1b\"", Precondition::Versions(vec![3])),
            ("\"abc\"", Precondition::Versions(vec![])),
            ("\"03\", \"+3\"", Precondition::Versions(vec![])),
        ];
        for (value, expected) in cases {
            assert_eq!(parse("if-match", value).unwrap(), expected, "{value}");
        }
    }

    #[test]
    fn malformed_lists_and_weak_tags_are_refused() {
        for value in ["", "3", "\"3", "\"3\" \"4\"", "\"3\",", "*, \"3\""] {
            assert!(parse("if-match", value).is_err(), "{value}");
        }
        assert!(parse("if-match", "W/\"3\"").is_err());
    }
}
