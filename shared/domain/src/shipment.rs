//! What left a warehouse together, and how it is found again (ORD-15).

use crate::text::{self, TextProblem};

const CARRIER_LENGTH_MAX: usize = 60;
const TRACKING_NUMBER_LENGTH_MAX: usize = 100;
const TRACKING_URL_LENGTH_MAX: usize = 500;

fn carrier_rule(text: &str) -> Result<(), TextProblem> {
    text::check(text, CARRIER_LENGTH_MAX, "one line of text", |c| !c.is_control())
}

fn number_rule(text: &str) -> Result<(), TextProblem> {
    text::check(text, TRACKING_NUMBER_LENGTH_MAX, "one line of text", |c| !c.is_control())
}

/// Buyers follow it from a page of the shop's, so it leads to a web page and nowhere else.
fn url_rule(text: &str) -> Result<(), TextProblem> {
    let expected = "a web address, https://…";
    text::check(text, TRACKING_URL_LENGTH_MAX, "characters of a URL", |c| c.is_ascii_graphic())?;
    match text.strip_prefix("https://") {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_alphanumeric()) => Ok(()),
        Some(_) | None => Err(TextProblem::Shape { expected }),
    }
}

text_type!(
    /// Who carries it: `DHL`, `Vietnam Post`.
    Carrier, "a carrier", carrier_rule
);
text_type!(
    /// The carrier's number for it.
    TrackingNumber, "a tracking number", number_rule
);
text_type!(
    /// Where its way can be followed.
    TrackingUrl, "a tracking URL", url_rule
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tracking_url_leads_to_a_web_page() {
        for right in ["https://track.example/1", "https://1.example/?no=2#there"] {
            assert!(TrackingUrl::try_from(right).is_ok(), "{right}");
        }
        for wrong in [
            "http://track.example/1",
            "javascript:alert(1)",
            "https://",
            "https:///a",
            "https://a b",
            "",
        ] {
            assert!(TrackingUrl::try_from(wrong).is_err(), "{wrong}");
        }
    }
}
