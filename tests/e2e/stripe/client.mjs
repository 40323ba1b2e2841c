// stripe-node against the simulator: what it sends is taken, and what it is answered it reads.

import assert from "node:assert";
import { randomUUID } from "node:crypto";
import http from "node:http";
import Stripe from "stripe";

const url = new URL(process.env.EDGETILL_SIMULATOR_URL);
const client = (key) => new Stripe(key, { host: url.hostname, port: url.port, protocol: "http", maxNetworkRetries: 0 });
const { StripeAuthenticationError, StripeCardError, StripeIdempotencyError, StripeInvalidRequestError, StripeSignatureVerificationError } = Stripe.errors;

const arrived = [];
const receiver = http.createServer((request, response) => {
  let body = "";
  request.on("data", (piece) => (body += piece));
  request.on("end", () => {
    arrived.push([body, request.headers["stripe-signature"]]);
    response.end();
  });
});
const port = process.env.EDGETILL_WEBHOOK_PORT;
if (port) receiver.listen(Number(port), "127.0.0.1");

const stripe = client("sk_test_node");
const saga = `node-${randomUUID()}`;
const held = { amount: 1200, currency: "usd", payment_method: "pm_card_visa", payment_method_types: ["card"], capture_method: "manual", confirm: true };

// Held, taken, given back in part.
let intent = await stripe.paymentIntents.create({ ...held, metadata: { saga_id: saga }, expand: ["latest_charge", "payment_method"] });
assert.equal(intent.status, "requires_capture");
assert.deepEqual([intent.latest_charge.object, intent.payment_method.type], ["charge", "card"]);
assert.match(intent.lastResponse.requestId, /^req_/);
intent = await stripe.paymentIntents.capture(intent.id, { metadata: { parcel: "7" } });
assert.deepEqual([intent.status, intent.metadata.parcel], ["succeeded", "7"]);
const refund = await stripe.refunds.create({ payment_intent: intent.id, amount: 300, metadata: { a: "b" } });
assert.equal(refund.status, "succeeded");
for await (const one of stripe.refunds.list({ payment_intent: intent.id })) assert.equal(one.id, refund.id);

// Made first and confirmed later, declined once, taken at once.
let later = await stripe.paymentIntents.create({ amount: 500, currency: "eur", automatic_payment_methods: { enabled: true, allow_redirects: "never" } });
assert.equal(later.status, "requires_payment_method");
await assert.rejects(
  stripe.paymentIntents.confirm(later.id, { payment_method: "pm_card_visa_chargeDeclinedInsufficientFunds" }),
  (error) => error instanceof StripeCardError && error.decline_code === "insufficient_funds" && error.payment_intent.id === later.id,
);
later = await stripe.paymentIntents.confirm(later.id, { payment_method: "pm_card_amex" });
assert.equal(later.status, "succeeded");

// Given up.
let other = await stripe.paymentIntents.create(held);
other = await stripe.paymentIntents.cancel(other.id);
assert.equal(other.status, "canceled");

// What is refused, as what.
const unexpected = (error) => error instanceof StripeInvalidRequestError && error.code === "payment_intent_unexpected_state";
await assert.rejects(stripe.paymentIntents.capture(other.id), unexpected);
await assert.rejects(client("rk_live").paymentIntents.list(), (error) => error instanceof StripeAuthenticationError);
const key = { idempotencyKey: randomUUID() };
await stripe.paymentIntents.create({ amount: 5, currency: "usd" }, key);
await assert.rejects(stripe.paymentIntents.create({ amount: 6, currency: "usd" }, key), (error) => error instanceof StripeIdempotencyError);

// A customer, whose card is saved by the payment that says so, used again, and removed.
const ann = await stripe.customers.create({ metadata: { reference: saga } });
const paid = { ...held, customer: ann.id, metadata: { saga_id: `${saga}-saved` } };
const saved = await stripe.paymentIntents.create({ ...paid, setup_future_usage: "on_session" });
assert.deepEqual([saved.status, saved.customer, saved.setup_future_usage], ["requires_capture", ann.id, "on_session"]);
const cards = [];
for await (const one of stripe.customers.listPaymentMethods(ann.id, { type: "card" })) cards.push(one);
assert.deepEqual(cards.map((one) => [one.id, one.card.last4]), [[saved.payment_method, "4242"]]);
const card = { payment_method: saved.payment_method };
assert.equal((await stripe.paymentIntents.create({ ...paid, ...card })).status, "requires_capture");
const isOfTheMethod = (error) => error instanceof StripeInvalidRequestError && error.param === "payment_method";
await assert.rejects(stripe.paymentIntents.create({ ...held, ...card }), isOfTheMethod);
const bob = await stripe.customers.create();
await assert.rejects(stripe.paymentIntents.create({ ...paid, ...card, customer: bob.id }), isOfTheMethod);
assert.equal((await stripe.paymentMethods.detach(saved.payment_method)).customer, null);
await assert.rejects(stripe.paymentIntents.create({ ...paid, ...card }), isOfTheMethod);
assert.equal((await stripe.customers.del(ann.id)).deleted, true);
const missing = (error) => error instanceof StripeInvalidRequestError && error.code === "resource_missing";
await assert.rejects(stripe.customers.del(ann.id), missing);

// Found again.
const listed = [];
for await (const one of stripe.paymentIntents.list({ limit: 2 })) listed.push(one.id);
assert(listed.includes(intent.id) && listed.includes(other.id) && new Set(listed).size === listed.length);
const found = await stripe.paymentIntents.search({ query: `metadata['saga_id']:'${saga}'` });
assert.deepEqual(found.data.map((one) => one.id), [intent.id]);

// What was told of it: by us and now, and not when it was changed on its way.
const secret = "whsec_development_only";
const told = arrived.map(([body, signature]) => {
  const later = signature.replace(/t=\d+/, `t=${Math.floor(Date.now() / 1000) - 3600}`);
  const changed = body.replace('"evt_', '"evt_0');
  assert.notEqual(changed, body);
  for (const forged of [[body, signature, "whsec_other"], [changed, signature, secret], [body, later, secret], [body, "", secret]]) {
    assert.throws(() => stripe.webhooks.constructEvent(...forged), StripeSignatureVerificationError);
  }
  const event = stripe.webhooks.constructEvent(body, signature, secret);
  return `${event.type} ${event.data.object.object}`;
});
const expected = ["created", "amount_capturable_updated", "payment_failed", "succeeded", "canceled"].map((what) => `payment_intent.${what} payment_intent`);
for (const one of [...expected, "charge.refunded charge"]) assert(!port || told.includes(one), `${one}: ${told}`);

console.log(`stripe-node ${Stripe.PACKAGE_VERSION} is understood, and understands; ${told.length} events`);
process.exit(0);
