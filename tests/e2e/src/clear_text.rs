//! Finds values in clear, in every form they could have been written in.

use aho_corasick::AhoCorasick;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::collections::BTreeSet;

/// The shortest piece of a form that is looked for: shorter ones stand anywhere by chance.
const PIECE_BYTES_MIN: usize = 8;

/// A search for named values.
#[derive(Debug)]
pub struct ClearText {
    /// Whose form each pattern is.
    names: Vec<String>,
    patterns: AhoCorasick,
}

impl ClearText {
    /// A search for these values, each with its name.
    ///
    /// # Panics
    /// When a value is too short to be told from chance.
    #[must_use]
    pub fn of<'v>(values: impl IntoIterator<Item = (&'v str, &'v str)>) -> Self {
        let (mut names, mut patterns) = (Vec::new(), Vec::new());
        for (name, value) in values {
            assert!(value.len() >= PIECE_BYTES_MIN, "{name} is too short to be found for sure");
            for (form, pattern) in forms(value) {
                names.push(format!("{name}, {form}"));
                patterns.push(pattern);
            }
        }
        let patterns = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(patterns)
            .expect("patterns of a test are few");
        Self { names, patterns }
    }

    /// Which of them stand in `text`, and in which form.
    #[must_use]
    pub fn found_in(&self, text: &[u8]) -> BTreeSet<&str> {
        let found = self
            .patterns
            .find_overlapping_iter(text)
            .map(|found| self.names[found.pattern().as_usize()].as_str());
        found.collect()
    }
}

/// How a value could lie somewhere, cases of ASCII letters aside.
fn forms(value: &str) -> Vec<(&'static str, Vec<u8>)> {
    let mut forms = vec![
        ("as it is", value.to_owned()),
        ("in lower case", value.to_lowercase()),
        ("in upper case", value.to_uppercase()),
        ("escaped for JSON", json_escaped(value)),
        ("escaped for JSON in JSON", json_escaped(&json_escaped(value))),
        ("escaped for JSON as ASCII", ascii_escaped(value)),
        ("escaped for JSON as ASCII in JSON", json_escaped(&ascii_escaped(value))),
        ("as Rust shows it", value.escape_debug().to_string()),
        ("in a URL", percent_encoded(value, false)),
        ("in a path", percent_encoded(value, true)),
        ("in a form", percent_encoded(value, false).replace("%20", "+")),
        ("in hex", value.bytes().map(|byte| format!("{byte:02x}")).collect()),
    ];
    for (engine, names) in [
        (STANDARD_NO_PAD, ["in base64", "in base64, 1 byte in", "in base64, 2 bytes in"]),
        (URL_SAFE_NO_PAD, ["in base64url", "in base64url, 1 byte in", "in base64url, 2 bytes in"]),
    ] {
        for (shift, name) in names.into_iter().enumerate() {
            forms.push((name, base64_at(&engine, value, shift)));
        }
    }
    forms.retain(|(_, form)| form.len() >= PIECE_BYTES_MIN);
    let mut seen = BTreeSet::new();
    forms.retain(|(_, form)| seen.insert(form.to_ascii_lowercase()));
    forms.into_iter().map(|(name, form)| (name, form.into_bytes())).collect()
}

/// The characters of `value` in base64 that are the same whatever stands around it, when it begins
/// `shift` bytes into a group.
fn base64_at(engine: &impl base64::Engine, value: &str, shift: usize) -> String {
    let padded = [&b"\0\0"[..shift], value.as_bytes()].concat();
    let text = engine.encode(&padded);
    let whole = padded.len() / 3 * 4;
    text[if shift == 0 { 0 } else { 4 }..whole].to_owned()
}

fn json_escaped(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn ascii_escaped(value: &str) -> String {
    let mut units = [0; 2];
    let escape = |letter: char| match letter {
        ' '..='~' => letter.to_string(),
        _ => letter.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
    };
    json_escaped(value).chars().map(escape).collect()
}

/// Everything but unreserved characters as %XX; in a path what may stand there stays.
fn percent_encoded(value: &str, in_path: bool) -> String {
    let is_kept = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || b"-._~".contains(&byte)
            || (in_path && b"!$&'()*+,;=:@".contains(&byte))
    };
    value
        .bytes()
        .map(
            |byte| {
                if is_kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
            },
        )
        .collect()
}
