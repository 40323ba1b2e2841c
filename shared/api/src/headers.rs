//! Headers that are not every operation's.

use app::checkout::ASKED_WAREHOUSE;
use domain::ids::WarehouseId;
use edge::{Header, Problem, Request};

/// `X-Warehouse-ID`: the warehouse that the goods should come from, if it can serve (CHK-1).
#[derive(Debug)]
pub enum FromWarehouse {}

impl Header for FromWarehouse {
    type Value = Option<WarehouseId>;
    const NAME: Option<&'static str> = Some(ASKED_WAREHOUSE);

    fn read(request: &Request) -> Result<Option<WarehouseId>, Problem> {
        request.optional(ASKED_WAREHOUSE)
    }
}

#[cfg(feature = "document")]
impl crate::document::ShownHeader for FromWarehouse {
    const SHOWN: Option<crate::document::HeaderShown> = Some(crate::document::HeaderShown {
        name: "X-Warehouse-ID",
        example: "wh-hanoi",
        about: "The warehouse that the goods should come from: what it can serve comes from there, and the rest as \
                without it. In a shop whose orders each come from one warehouse it is that one, if no other lacks less of the cart.",
        schema: |schemas| schemas.subschema_for::<WarehouseId>(),
    });
}
