//! The limit on a request's body, kept on `content-length` and again while the bytes arrive: Spin
//! has none. Which limit it is says the row of the operation ([`crate::body_limit`]).

use crate::{Code, Problem};
use config::Setting;
use ports::Ports;
use terms::member::LimitBytes;

/// A body being collected under a limit.
#[derive(Debug)]
pub struct BodyBudget {
    limit: usize,
    bytes: Vec<u8>,
}

impl BodyBudget {
    /// A budget of as many bytes as `limit` says, refusing at once a `content-length` beyond it.
    ///
    /// # Errors
    /// `body_too_large`, `invalid_field` for a length that is no number, `configuration_invalid`.
    pub fn open(
        ports: &Ports<'_>,
        limit: &Setting<usize>,
        content_length: Option<&str>,
    ) -> Result<Self, Problem> {
        let budget = Self { limit: limit.or_default(ports.config)?, bytes: Vec::new() };
        if let Some(text) = content_length {
            let announced: u64 = text.trim().parse().map_err(|_| {
                Problem::invalid_field("content-length", "must be a number of bytes")
            })?;
            if usize::try_from(announced).map_or(true, |bytes| bytes > budget.limit) {
                return Err(budget.too_large());
            }
        }
        Ok(budget)
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// `body_too_large` once the limit would be passed; nothing beyond it is kept.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), Problem> {
        if piece.len() > self.limit.saturating_sub(self.bytes.len()) {
            return Err(self.too_large());
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }

    /// The whole body.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn too_large(&self) -> Problem {
        let limit = u64::try_from(self.limit).unwrap_or(u64::MAX);
        Problem::new(Code::BodyTooLarge)
            .detail(format!("at most {limit} bytes"))
            .with(LimitBytes, &limit)
    }
}
