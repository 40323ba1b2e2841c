//! `Idempotency-Key`: by the draft a structured-field string (in quotes); bare tokens are common
//! and taken too.

use crate::{Code, Problem};

const KEY_CHARACTERS_MAX: usize = 255;

/// The key itself, the same for both forms.
pub(crate) fn parse(value: &str) -> Result<String, Problem> {
    let value = value.trim_matches([' ', '\t']);
    let key = match value.strip_prefix('"') {
        Some(opened) => unquote(opened)?,
        None if value.contains(['"', '\\']) => return Err(malformed()),
        None => value.to_owned(),
    };
    let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
    if visible && (1..=KEY_CHARACTERS_MAX).contains(&key.len()) {
        Ok(key)
    } else {
        Err(malformed())
    }
}

// Within an sf-string a backslash escapes a quote or a backslash, and nothing else.
fn unquote(opened: &str) -> Result<String, Problem> {
    let mut key = String::new();
    let mut characters = opened.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' if characters.as_str().is_empty() => return Ok(key),
            '"' => return Err(malformed()),
            '\\' => match characters.next() {
                Some(escaped @ ('"' | '\\')) => key.push(escaped),
                _ => return Err(malformed()),
            },
            other => key.push(other),
        }
    }
    Err(malformed())
}

fn malformed() -> Problem {
    Problem::new(Code::InvalidIdempotencyKey)
        .field("idempotency-key")
        .detail("must be 1 to 255 visible ASCII characters, in quotes or bare")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_and_bare_keys_are_the_same_key() {
        let cases = [
            ("\"abc-123\"", "abc-123"),
            ("abc-123", "abc-123"),
            ("  \"abc-123\" ", "abc-123"),
            (r#""a\"b\\c""#, r#"a"b\c"#),
        ];
        for (value, expected) in cases {
            assert_eq!(parse(value).unwrap(), expected, "{value}");
        }
        assert_eq!(parse(&"k".repeat(255)).unwrap().len(), 255);
    }

    #[test]
    fn malformed_keys_are_refused() {
        let long = "k".repeat(256);
        let cases = [
            "",
            "\"\"",
            "\"abc",
            "abc\"",
            "a b",
            "\"a b\"",
            r#""a\b""#,
            "\"a\";p=1",
            "ключ",
            "\"a\"b\"",
            &long,
        ];
        for value in cases {
            assert_eq!(parse(value).unwrap_err().code(), Code::InvalidIdempotencyKey, "{value}");
        }
    }
}
