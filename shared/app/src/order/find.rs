//! Which orders somebody looks for, and how those are found: by one index, and what is left to ask
//! is asked of so many at a time.

use crate::{page::Limit, shop::Shop};
use domain::{
    ids::{OrderId, OrderNumber, Sku},
    interval::{Moment, Zone},
    money::Currency,
    order::OrderStatus,
    payment::PaymentState,
};
use serde::{Deserialize, Serialize};
use store::sql;
use terms::Problem;

/// Orders that one page looks at, where not every one of them need be shown: a search that finds
/// little ends after so many, and goes on with the next page.
const LOOKED_AT: i64 = 1_000;

/// What is looked for. What is none is not asked.
#[derive(Debug, Default)]
pub(crate) struct Wanted<'q> {
    pub(crate) owner: Option<String>,
    /// The hashes that an e-mail has with the keys there are.
    pub(crate) emails: Option<Vec<String>>,
    pub(crate) order_number: Option<&'q OrderNumber>,
    pub(crate) sku: Option<&'q Sku>,
    pub(crate) status: Option<OrderStatus>,
    pub(crate) payment: Option<PaymentState>,
    pub(crate) created_from: Option<Moment>,
    pub(crate) created_before: Option<Moment>,
    pub(crate) zone: Zone,
}

/// What `order_list` and `order_find` are asked: one index, and what else must be so.
#[derive(Debug, Default, Serialize)]
struct Asked<'q> {
    all: bool,
    by_owner: Option<String>,
    by_status: Option<OrderStatus>,
    by_emails: Option<Vec<String>>,
    by_number: Option<&'q OrderNumber>,
    by_sku: Option<&'q Sku>,
    owner: Option<String>,
    status: Option<OrderStatus>,
    order_number: Option<&'q OrderNumber>,
    sku: Option<&'q Sku>,
    payment: Option<PaymentState>,
    from: String,
    below: String,
    looked_at: i64,
    limit: i64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Row {
    pub(crate) order_id: OrderId,
    pub(crate) order_number: OrderNumber,
    pub(crate) status: OrderStatus,
    pub(crate) payment_status: Option<PaymentState>,
    pub(crate) currency: Currency,
    pub(crate) total_minor: i64,
    pub(crate) created_at_ms: i64,
    fits: bool,
    place: i64,
}

impl Wanted<'_> {
    /// A page below `cursor`, newest first, and where the next one begins.
    ///
    /// # Errors
    /// `invalid_field` for an interval that ends before it begins.
    pub(crate) fn page(
        self,
        shop: &Shop<'_>,
        cursor: Option<&str>,
        limit: Limit,
    ) -> Result<(Vec<Row>, Option<OrderId>), Problem> {
        let (from, before) = interval(self.created_from, self.created_before, self.zone)?;
        let from = from.map(first_id).unwrap_or_default();
        // '~' sorts after every id.
        let before = before.map_or_else(|| "~".to_owned(), first_id);
        let below = cursor.map_or(before.as_str(), |cursor| before.as_str().min(cursor)).to_owned();
        let (asked, statement) = self.asked(from, below, limit.to_read());
        let mut rows: Vec<Row> = shop.list(statement, &asked)?;
        let ended = rows.iter().find(|row| row.place == asked.looked_at);
        let ended = ended.map(|row| row.order_id.clone());
        rows.retain(|row| row.fits);
        let next = limit.cut(&mut rows).map(|last| last.order_id.clone()).or(ended);
        Ok((rows, next))
    }

    /// By the index of which the fewest are expected.
    fn asked<'q>(
        self,
        from: String,
        below: String,
        limit: i64,
    ) -> (Asked<'q>, &'static store::Statement)
    where
        Self: 'q,
    {
        let Self { owner, emails, order_number, sku, status, payment, .. } = self;
        let rest = Asked {
            owner,
            order_number,
            sku,
            status,
            payment,
            from,
            below,
            limit,
            ..Asked::default()
        };
        let (mut asked, statement) = if emails.is_some() {
            (Asked { by_emails: emails, ..rest }, &sql::ORDER_FIND)
        } else if order_number.is_some() {
            (Asked { by_number: order_number, order_number: None, ..rest }, &sql::ORDER_FIND)
        } else if rest.owner.is_some() {
            let mut rest = rest;
            (Asked { by_owner: rest.owner.take(), ..rest }, &sql::ORDER_LIST)
        } else if sku.is_some() {
            (Asked { by_sku: sku, sku: None, ..rest }, &sql::ORDER_FIND)
        } else if status.is_some() {
            (Asked { by_status: status, status: None, ..rest }, &sql::ORDER_LIST)
        } else {
            (Asked { all: true, ..rest }, &sql::ORDER_LIST)
        };
        let Asked { owner, status, order_number, sku, payment, .. } = &asked;
        let asks_more = owner.is_some()
            || status.is_some()
            || order_number.is_some()
            || sku.is_some()
            || payment.is_some();
        asked.looked_at = if asks_more { limit.max(LOOKED_AT) } else { limit };
        (asked, statement)
    }
}

/// From when on, and before when, in milliseconds since 1970.
///
/// # Errors
/// `invalid_field` for one that ends before it begins.
pub(crate) fn interval(
    from: Option<Moment>,
    before: Option<Moment>,
    zone: Zone,
) -> Result<(Option<i64>, Option<i64>), Problem> {
    let at_ms = |moment: Moment| moment.at_ms(zone);
    let (from, before) = (from.map(at_ms), before.map(at_ms));
    if from.zip(before).is_some_and(|(from, before)| from >= before) {
        return Err(Problem::invalid_field("created_before", "must be later than created_from"));
    }
    Ok((from, before))
}

/// What every id that was given from then on is above, and every one before is below: a UUIDv7
/// begins with its time.
pub(crate) fn first_id(at_ms: i64) -> String {
    let at_ms = at_ms.max(0);
    format!("{:08x}-{:04x}-", at_ms >> 16, at_ms & 0xffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_a_place_among_the_ids() {
        let id = "01945b2c-7d1e-7a3b-8c4d-5e6f70819203";
        let at_ms = 0x0194_5b2c_7d1e;
        assert!(first_id(at_ms).as_str() < id && id < first_id(at_ms + 1).as_str());
        assert!(first_id(-1).as_str() < "00000000-0000-7000-8000-000000000000");
        assert!(first_id(253_402_300_799_999).as_str() < "~");
    }

    #[test]
    fn an_interval_ends_after_it_begins() {
        let day = |text| Some(Moment::try_from(text).unwrap());
        let zone = Zone::try_from("+07:00").unwrap();
        let (from, before) = interval(day("2026-12-01"), day("2026-12-02"), zone).unwrap();
        assert_eq!(before.unwrap() - from.unwrap(), 86_400_000);
        for (from, before) in [
            ("2026-12-01", "2026-12-01"),
            ("2026-12-02", "2026-12-01"),
            // Which of two is the later may be for the zone to say.
            ("2026-12-01", "2026-11-30T17:00:00Z"),
        ] {
            let told = interval(day(from), day(before), zone).unwrap_err().into_told();
            assert_eq!(told.field.as_deref(), Some("created_before"), "{from} {before}");
        }
        assert!(interval(day("2026-12-01"), day("2026-11-30T17:00:00.001Z"), zone).is_ok());
        assert_eq!(interval(None, None, zone).unwrap(), (None, None));
    }

    #[test]
    fn the_index_of_the_fewest_is_asked_and_the_rest_of_what_it_finds() {
        let number = OrderNumber::try_from("ORD-20261201-000001").unwrap();
        let sku = Sku::try_from("TILL-0001").unwrap();
        let shown = |wanted: Wanted<'_>| {
            let (asked, statement) = wanted.asked(String::new(), "~".to_owned(), 21);
            let asked = serde_json::to_value(asked).unwrap();
            let told: Vec<String> = asked
                .as_object()
                .unwrap()
                .iter()
                .filter(|(name, value)| {
                    !value.is_null()
                        && **value != false
                        && !["from", "below", "limit"].contains(&name.as_str())
                })
                .map(|(name, value)| format!("{name} {value}"))
                .collect();
            format!("{}: {}", statement.name, told.join(", "))
        };
        let everything = || Wanted {
            owner: Some("customer:1".to_owned()),
            emails: Some(vec!["h".to_owned()]),
            order_number: Some(&number),
            sku: Some(&sku),
            status: Some(OrderStatus::Shipped),
            payment: Some(PaymentState::Captured),
            ..Wanted::default()
        };
        let rest = r#"payment "captured", sku "TILL-0001", status "shipped""#;
        assert_eq!(
            shown(everything()),
            format!(
                r#"order_find: by_emails ["h"], looked_at 1000, order_number "ORD-20261201-000001", owner "customer:1", {rest}"#
            )
        );
        let wanted = || Wanted { emails: None, ..everything() };
        assert_eq!(
            shown(wanted()),
            format!(
                r#"order_find: by_number "ORD-20261201-000001", looked_at 1000, owner "customer:1", {rest}"#
            )
        );
        let wanted = || Wanted { emails: None, order_number: None, ..everything() };
        assert_eq!(
            shown(wanted()),
            format!(r#"order_list: by_owner "customer:1", looked_at 1000, {rest}"#)
        );
        assert_eq!(
            shown(Wanted { owner: None, ..wanted() }),
            r#"order_find: by_sku "TILL-0001", looked_at 1000, payment "captured", status "shipped""#
        );
        assert_eq!(
            shown(Wanted { owner: None, sku: None, ..wanted() }),
            r#"order_list: by_status "shipped", looked_at 1000, payment "captured""#
        );
        assert_eq!(
            shown(Wanted { payment: Some(PaymentState::Captured), ..Wanted::default() }),
            r#"order_list: all true, looked_at 1000, payment "captured""#
        );
        assert_eq!(shown(Wanted::default()), "order_list: all true, looked_at 21");
    }
}
