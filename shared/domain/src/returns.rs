//! Goods that come back (ORD-5).

named_enum! {
    /// Why somebody sends something back.
    pub enum ReturnReason("a reason of a return") {
        /// It arrived broken, or broke too soon.
        Damaged = "damaged",
        /// It is something else than was ordered.
        WrongItem = "wrong_item",
        /// It is not what the shop had said.
        NotAsDescribed = "not_as_described",
        /// The buyer has changed their mind.
        NoLongerWanted = "no_longer_wanted",
        /// What the note says.
        Other = "other",
    }
}

named_enum! {
    /// How far a return has come.
    pub enum ReturnStatus("a return status") {
        /// Somebody wants to send something back.
        Requested = "requested",
        /// The shop takes it back.
        Approved = "approved",
        /// The shop does not.
        Refused = "refused",
        /// Whoever asked keeps it after all.
        Withdrawn = "withdrawn",
        /// It is back.
        Received = "received",
        /// It is back, and its money has been given back.
        Refunded = "refunded",
    }
}

impl ReturnStatus {
    /// Where a return can go from here: the one table of moves.
    #[must_use]
    pub const fn legal_next(self) -> &'static [Self] {
        match self {
            // Who sends it back does not always wait for an answer.
            Self::Requested => &[Self::Approved, Self::Refused, Self::Withdrawn, Self::Received],
            Self::Approved => &[Self::Withdrawn, Self::Received],
            Self::Received => &[Self::Refunded],
            Self::Refused | Self::Withdrawn | Self::Refunded => &[],
        }
    }

    /// Whether its pieces are promised to it: no other return is of them.
    #[must_use]
    pub const fn keeps_its_pieces(self) -> bool {
        match self {
            Self::Requested | Self::Approved => true,
            // What has come back is counted by its line.
            Self::Refused | Self::Withdrawn | Self::Received | Self::Refunded => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every status by every status; `x` is a legal move.
    const GOLDEN: &str = "\
from      | requested approved refused withdrawn received refunded
requested | .         x        x       x         x        .
approved  | .         .        .       x         x        .
refused   | .         .        .       .         .        .
withdrawn | .         .        .       .         .        .
received  | .         .        .       .         .        x
refunded  | .         .        .       .         .        .
";

    #[test]
    fn the_table_of_moves_is_this_one() {
        let table =
            crate::text::matrix(ReturnStatus::ALL, |from, to| from.legal_next().contains(&to));
        assert_eq!(table, GOLDEN);
    }

    #[test]
    fn what_may_still_come_back_keeps_its_pieces() {
        for &status in ReturnStatus::ALL {
            let comes = status.legal_next().contains(&ReturnStatus::Received);
            assert_eq!(status.keeps_its_pieces(), comes, "{status}");
        }
    }
}
