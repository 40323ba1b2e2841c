"""One order through the client that openapi-python-client makes of the document: it can read what the shop says, and tell refusals apart."""

import os

from edgetill_client import AuthenticatedClient, Client
from edgetill_client.api.cart import add_to_cart, open_cart, preview_totals, view_cart
from edgetill_client.api.checkout import begin_checkout, confirm_checkout
from edgetill_client.api.order import view_order
from edgetill_client.models import (
    AddLine,
    Address,
    BeginCheckout,
    Cart,
    CartLineStock,
    Confirm,
    CreateCart,
    Created,
    Order,
    OrderPlaced,
    PaymentDeclinedProblem,
    Preview,
    SessionBegun,
    SkuUnknownProblem,
)
from edgetill_client.types import Response

URL = os.environ["EDGETILL_URL"]


def answered(response: Response, kind: type):
    """What was answered, which is a `kind`."""
    assert isinstance(response.parsed, kind), f"{response.status_code}: {response.content!r}"
    return response.parsed


created = answered(open_cart.sync_detailed(client=Client(URL), body=CreateCart(currency="USD", country="VN")), Created)
shop = AuthenticatedClient(URL, token=created.guest_token)

unknown = answered(add_to_cart.sync_detailed(client=shop, body=AddLine(sku="NO-SUCH-CUP", quantity=1)), SkuUnknownProblem)
assert unknown.code == "sku_unknown" and unknown.field == "/sku", unknown

added = add_to_cart.sync_detailed(client=shop, body=AddLine(sku="TILL-0001", quantity=2), idempotency_key="python-adds")
assert added.status_code == 200, added

cart = answered(view_cart.sync_detailed(client=shop), Cart)
(line,) = cart.lines
assert line.stock == CartLineStock.AVAILABLE and line.quantity == 2 and line.unit_price.currency == "USD", line

totals = answered(preview_totals.sync_detailed(client=shop, country="US", region="CA", shipping_method="standard"), Preview)
assert totals.lines[0].tax_rate == "0.0725" and totals.total.amount_minor == 2664, totals

address = Address(name="Ann", line1="1 Main St", city="Oakland", region="CA", postal_code="94607", country="US")
session = answered(
    begin_checkout.sync_detailed(
        client=shop,
        body=BeginCheckout(
            email="ann@example.com", shipping_address=address, shipping_method="standard", payment_method="pm_card_chargeDeclined"
        ),
    ),
    SessionBegun,
)

declined = answered(
    confirm_checkout.sync_detailed(session.session_id, client=shop, body=Confirm(), idempotency_key="python-first"),
    PaymentDeclinedProblem,
)
assert declined.decline_code and declined.reserved_until_ms, declined

placed = answered(
    confirm_checkout.sync_detailed(
        session.session_id, client=shop, body=Confirm(payment_method="pm_card_visa"), idempotency_key="python-second"
    ),
    OrderPlaced,
)
order = answered(view_order.sync_detailed(placed.order_id, client=shop), Order)
assert order.order_number == placed.order_number and order.total.amount_minor == 2664, order
assert order.shipping_address and order.shipping_address.city == "Oakland" and order.lines[0].sku == "TILL-0001", order
print(f"bought {order.order_number}")
