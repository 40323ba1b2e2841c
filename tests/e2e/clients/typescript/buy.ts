// One order through the types that openapi-typescript makes of the document: it compiles strictly, and refusals are told apart by `code`.

import createClient from "openapi-fetch";
import type { paths } from "./shop.js";

function holds(truth: boolean, what: unknown): asserts truth {
  if (!truth) throw new Error(JSON.stringify(what));
}

const shop = createClient<paths>({ baseUrl: process.env["EDGETILL_URL"] ?? "" });
const opened = await shop.POST("/api/v1/cart", { body: { currency: "USD", country: "VN" } });
holds(opened.data !== undefined, opened.error);
const headers = { Authorization: `Bearer ${opened.data.guest_token}` };

const unknown = await shop.POST("/api/v1/cart/items", { headers, body: { sku: "NO-SUCH-CUP", quantity: 1 } });
holds(unknown.error?.code === "sku_unknown" && unknown.error.field === "/sku", unknown);

const added = await shop.POST("/api/v1/cart/items", {
  headers, params: { header: { "Idempotency-Key": "typescript-adds" } }, body: { sku: "TILL-0001", quantity: 2 },
});
holds(added.data !== undefined, added.error);

const cart = await shop.GET("/api/v1/cart", { headers });
const line = cart.data?.lines[0];
holds(line?.stock === "available" && line.quantity === 2 && line.unit_price?.currency === "USD", cart);

const query = { country: "US", region: "CA", shipping_method: "standard" };
const totals = await shop.GET("/api/v1/cart/totals", { headers, params: { query } });
holds(totals.data?.total.amount_minor === 2664 && totals.data.lines[0]?.tax_rate === "0.0725", totals);

const session = await shop.POST("/api/v1/checkout", {
  headers,
  body: {
    email: "ann@example.com",
    shipping_address: { name: "Ann", line1: "1 Main St", city: "Oakland", region: "CA", postal_code: "94607", country: "US" },
    shipping_method: "standard",
    payment_method: "pm_card_chargeDeclined",
  },
});
holds(session.data !== undefined, session.error);
const path = { session_id: session.data.session_id };

const declined = await shop.POST("/api/v1/checkout/{session_id}/confirm", {
  headers, params: { path, header: { "Idempotency-Key": "typescript-first" } }, body: {},
});
// Only this code has a decline_code: without the look at `code` this line would not compile.
holds(declined.error?.code === "payment_declined" && typeof declined.error.decline_code === "string", declined);

const placed = await shop.POST("/api/v1/checkout/{session_id}/confirm", {
  headers, params: { path, header: { "Idempotency-Key": "typescript-second" } }, body: { payment_method: "pm_card_visa" },
});
holds(placed.data !== undefined, placed.error);

const order = await shop.GET("/api/v1/orders/{order_id}", { headers, params: { path: { order_id: placed.data.order_id } } });
holds(order.data?.total.amount_minor === 2664 && order.data.shipping_address?.city === "Oakland", order);
console.log(`bought ${order.data.order_number}`);
