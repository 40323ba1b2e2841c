//! Pages of a list: how many rows are asked for, and what is shown of one row more.

use terms::Problem;

/// How many rows a page of one list has.
pub(crate) struct PageSize {
    /// Where nothing is asked for.
    pub(crate) default: i64,
    /// At most.
    pub(crate) max: i64,
}

/// The rows of one page, 1 to [`PageSize::max`].
#[derive(Clone, Copy)]
pub(crate) struct Limit(i64);

impl PageSize {
    /// The page that is asked for.
    ///
    /// # Errors
    /// `invalid_field` for a limit out of range.
    pub(crate) fn limit(&self, asked: Option<i64>) -> Result<Limit, Problem> {
        let limit = asked.unwrap_or(self.default);
        if (1..=self.max).contains(&limit) {
            Ok(Limit(limit))
        } else {
            Err(Problem::invalid_field("limit", format!("must be 1 to {}", self.max)))
        }
    }
}

impl Limit {
    /// How many rows to read: one more than are shown tells whether there are more.
    pub(crate) const fn to_read(self) -> i64 {
        self.0.saturating_add(1)
    }

    /// Leaves of the rows that were read those that are shown; the last of them, if there are more.
    pub(crate) fn cut<T>(self, rows: &mut Vec<T>) -> Option<&T> {
        let shown = usize::try_from(self.0).unwrap_or(usize::MAX);
        let more = rows.len() > shown;
        rows.truncate(shown);
        rows.last().filter(|_| more)
    }
}
