//! Rows as a file has them.

use serde::Deserialize;

/// How a file writes rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A JSON object a line.
    JsonLines,
    /// A row a line, its cells with commas between them, below a row with the columns' names (RFC
    /// 4180).
    Csv,
}

impl Form {
    /// Both, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::JsonLines, Self::Csv];

    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::JsonLines => Self::JSON_LINES,
            Self::Csv => Self::CSV,
        }
    }

    /// The media type of JSON lines.
    pub const JSON_LINES: &'static str = "application/x-ndjson";
    /// The media type of CSV (RFC 7111).
    pub const CSV: &'static str = "text/csv";
    /// Both media types, as an `Accept` has them.
    pub const ACCEPT: &'static str = "application/x-ndjson, text/csv";
}

/// A file of rows.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// How it is written.
    pub form: Form,
    /// What stands in it.
    pub bytes: Vec<u8>,
}

/// Rows that are shown as a file, page by page.
#[derive(Clone, Debug)]
#[must_use]
pub struct SheetPage {
    /// The rows of this page.
    pub sheet: Sheet,
    /// What the query for the next page says; nothing after the last.
    pub next: Option<Vec<(&'static str, String)>>,
}
