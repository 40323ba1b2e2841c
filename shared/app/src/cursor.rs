//! Where a page ended, in lists that are in order of their ids.

use serde::{Deserialize, Serialize};

/// The id a page ended with (`next_cursor`). Ids are UUIDs, so anything else is no place in a list,
/// and is refused rather than taken for the first page or the last.
#[derive(Debug, Deserialize, Serialize)]
#[serde(try_from = "String")]
pub(crate) struct Cursor(String);

impl Cursor {
    /// The id.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

const UUID_LENGTH: usize = 36;

impl TryFrom<String> for Cursor {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let fits = |(place, byte): (usize, u8)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        };
        let is_uuid = text.len() == UUID_LENGTH && text.bytes().enumerate().all(fits);
        if is_uuid { Ok(Self(text)) } else { Err("must be the next_cursor of a page") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_list_is_an_id() {
        assert!(Cursor::try_from("01945b2c-7d1e-7a3b-8c4d-5e6f70819203".to_owned()).is_ok());
        for text in [
            "",
            "xyz",
            "01945B2C-7D1E-7A3B-8C4D-5E6F70819203",
            "01945b2c07d1e07a3b08c4d05e6f70819203",
            "~",
        ] {
            assert!(Cursor::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
