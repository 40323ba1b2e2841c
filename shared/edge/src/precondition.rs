//! `If-Match` over versions. An entity tag is the version in quotes, or `version-representation`
//! where a reply shows more than its version tells.

use crate::Problem;
use terms::Precondition;

/// Hexadecimal digits of a representation in a tag.
pub(crate) const REPRESENTATION_DIGITS: usize = 16;

/// Reads the header `name`. A tag that was never handed out matches nothing, so it is left out; a
/// weak one too, since comparison is strong here (RFC 9110, 13.1.1): a list of nothing but such
/// tags lets no version pass.
pub(crate) fn parse(name: &str, value: &str) -> Result<Precondition, Problem> {
    let value = value.trim();
    if value == "*" {
        return Ok(Precondition::Any);
    }
    let malformed = || {
        Problem::invalid_field(name, "must be \"*\" or entity tags in quotes, for instance \"3\"")
    };
    let mut versions = Vec::new();
    let mut rest = value;
    loop {
        let (is_weak, opened) = rest.strip_prefix("W/").map_or((false, rest), |tag| (true, tag));
        let (tag, after) = opened
            .strip_prefix('"')
            .and_then(|opened| opened.split_once('"'))
            .ok_or_else(malformed)?;
        versions.extend(version(tag).filter(|_| !is_weak));
        match after.trim_start().strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None if after.trim().is_empty() => return Ok(Precondition::Versions(versions)),
            None => return Err(malformed()),
        }
    }
}

/// The version that a tag of ours is of. What it shows besides, as a cart shows prices, changes
/// without a new version and is not what a change is against.
fn version(tag: &str) -> Option<i64> {
    let (version, representation) =
        tag.split_once('-').map_or((tag, None), |(version, shown)| (version, Some(shown)));
    let is_ours = representation.is_none_or(|shown| {
        shown.len() == REPRESENTATION_DIGITS
            && shown.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    });
    version.parse().ok().filter(|number: &i64| is_ours && number.to_string() == version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_stars_and_lists_are_read_and_what_is_not_ours_matches_nothing() {
        let cases = [
            ("*", Precondition::Any),
            ("\"3\"", Precondition::Versions(vec![3])),
            (" \"3\" , \"4\",\"5\" ", Precondition::Versions(vec![3, 4, 5])),
            ("\"3-0a1b2c3d4e5f6071\"", Precondition::Versions(vec![3])),
            ("\"3-deadbeef\", \"3-0A1B2C3D4E5F6071\", \"3-\"", Precondition::Versions(vec![])),
            ("W/\"3\"", Precondition::Versions(vec![])),
            ("W/\"3\", \"4\"", Precondition::Versions(vec![4])),
            ("\"abc\"", Precondition::Versions(vec![])),
            ("\"03\", \"+3\"", Precondition::Versions(vec![])),
        ];
        for (value, expected) in cases {
            assert_eq!(parse("if-match", value).unwrap(), expected, "{value}");
        }
    }

    #[test]
    fn malformed_lists_are_refused() {
        for value in
            ["", "3", "\"3", "\"3\" \"4\"", "\"3\",", "*, \"3\"", "W/", "w/\"3\"", "W/ \"3\""]
        {
            assert!(parse("if-match", value).is_err(), "{value}");
        }
    }
}
