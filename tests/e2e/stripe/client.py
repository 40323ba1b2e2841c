"""stripe-python against the simulator: what it sends is taken, and what it is answered it reads."""

import http.server
import os
import threading
import time
import uuid

import stripe

URL = os.environ["EDGETILL_SIMULATOR_URL"]
WEBHOOK_SECRET = "whsec_development_only"


def client(key):
    return stripe.StripeClient(key, base_addresses={"api": URL}, max_network_retries=0).v1


def refused(kind, call, **expected):
    """The error that the library makes of a refusal."""
    try:
        call()
    except kind as error:
        for name, value in expected.items():
            assert getattr(error, name) == value, (name, getattr(error, name), value)
        return error
    raise AssertionError(f"no {kind.__name__}")


def listening(port):
    """What arrives at a port of this machine, as (body, signature)."""
    arrived = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            arrived.append((self.rfile.read(int(self.headers["content-length"])), self.headers["stripe-signature"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return arrived


port = os.environ.get("EDGETILL_WEBHOOK_PORT")
arrived = listening(int(port)) if port else []
v1 = client("sk_test_python")
saga = f"python-{uuid.uuid4()}"
held = {"amount": 1200, "currency": "usd", "payment_method": "pm_card_visa", "payment_method_types": ["card"], "capture_method": "manual", "confirm": True}

# Held, taken in part, given back in part.
intent = v1.payment_intents.create({**held, "metadata": {"saga_id": saga}, "expand": ["latest_charge"]})
assert (intent.status, intent.latest_charge.object) == ("requires_capture", "charge")
assert intent.last_response.request_id.startswith("req_")
intent = v1.payment_intents.capture(intent.id, {"amount_to_capture": 1000, "metadata": {"parcel": "7"}})
assert (intent.status, intent.amount_received, intent.metadata["parcel"]) == ("succeeded", 1000, "7")
refund = v1.refunds.create({"payment_intent": intent.id, "amount": 300, "reason": "requested_by_customer", "metadata": {"a": "b"}})
assert (refund.status, refund.charge) == ("succeeded", intent.latest_charge)
assert v1.refunds.retrieve(refund.id).id == refund.id
assert [one.id for one in v1.refunds.list({"payment_intent": intent.id}).auto_paging_iter()] == [refund.id]

# Made first and confirmed later, declined once, taken at once.
later = v1.payment_intents.create({"amount": 500, "currency": "eur", "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}})
assert later.status == "requires_payment_method"
declined = lambda: v1.payment_intents.confirm(later.id, {"payment_method": "pm_card_visa_chargeDeclined"})
error = refused(stripe.CardError, declined, code="card_declined", http_status=402)
assert (error.error.decline_code, error.error.payment_intent.id) == ("generic_decline", later.id)
assert v1.payment_intents.confirm(later.id, {"payment_method": "pm_card_mastercard"}).status == "succeeded"

# Given up.
other = v1.payment_intents.create(held)
other = v1.payment_intents.cancel(other.id, {"cancellation_reason": "abandoned"})
assert (other.status, other.cancellation_reason) == ("canceled", "abandoned")

# What is refused, as what.
invalid = stripe.InvalidRequestError
refused(invalid, lambda: v1.payment_intents.capture(other.id), code="payment_intent_unexpected_state", http_status=400)
refused(invalid, lambda: v1.payment_intents.retrieve("pi_nobodys"), code="resource_missing", http_status=404)
refused(invalid, lambda: v1.payment_intents.create({"currency": "usd"}), code="parameter_missing", http_status=400)
refused(stripe.AuthenticationError, lambda: client("pk_live_1").payment_intents.list(), http_status=401)
key = {"idempotency_key": str(uuid.uuid4())}
v1.payment_intents.create({"amount": 5, "currency": "usd"}, key)
refused(stripe.IdempotencyError, lambda: v1.payment_intents.create({"amount": 6, "currency": "usd"}, key))

# A customer, whose card is saved by the payment that says so, used again, and removed.
once = {"idempotency_key": str(uuid.uuid4())}
name = {"metadata": {"reference": saga}}
ann = v1.customers.create(name, once)
assert (ann.object, ann.metadata["reference"], ann.livemode) == ("customer", saga, False)
assert v1.customers.create(name, once).id == ann.id
refused(stripe.IdempotencyError, lambda: v1.customers.create({"metadata": {"reference": "another"}}, once))
assert v1.customers.retrieve(ann.id).id == ann.id
paid = {**held, "metadata": {"saga_id": f"{saga}-saved"}}
unsaved = v1.payment_intents.create({**paid, "customer": ann.id})
assert (unsaved.customer, unsaved.setup_future_usage) == (ann.id, None)
saved = v1.payment_intents.create({**paid, "customer": ann.id, "setup_future_usage": "on_session"})
assert (saved.status, saved.customer, saved.setup_future_usage) == ("requires_capture", ann.id, "on_session")
cards = v1.customers.payment_methods.list(ann.id, {"type": "card", "limit": 100})
assert [card.id for card in cards.auto_paging_iter()] == [saved.payment_method] and not cards.has_more
card = cards.data[0]
assert (card.object, card.type, card.customer) == ("payment_method", "card", ann.id)
assert (card.card.brand, card.card.last4, len(str(card.card.exp_year)), card.card.exp_month in range(1, 13)) == ("visa", "4242", 4, True)
assert v1.customers.payment_methods.retrieve(ann.id, card.id).id == v1.payment_methods.retrieve(card.id).id == card.id
again = v1.payment_intents.create({**paid, "payment_method": card.id, "customer": ann.id})
assert again.status == "requires_capture"
# In two steps, and in the buyer's own browser.
asks = v1.payment_intents.create({"amount": 700, "currency": "usd", "customer": ann.id, "setup_future_usage": "on_session", "automatic_payment_methods": {"enabled": True}})
browser = client("pk_test_python").payment_intents
asked = {"client_secret": asks.client_secret, "payment_method": "pm_card_mastercard", "return_url": "https://shop.example/"}
assert browser.confirm(asks.id, asked).status == "succeeded"
brands = lambda: [one.card.brand for one in v1.customers.payment_methods.list(ann.id).data]
assert brands() == ["mastercard", "visa"]

# Whose it is not.
bob = v1.customers.create()
theirs = {**paid, "payment_method": card.id}
is_of_the_method = {"param": "payment_method", "code": None, "http_status": 400}
refused(invalid, lambda: v1.payment_intents.create(theirs), **is_of_the_method)
refused(invalid, lambda: v1.payment_intents.create({**theirs, "customer": bob.id}), **is_of_the_method)
refused(invalid, lambda: v1.payment_intents.create({**paid, "customer": "cus_nobodys"}), code="resource_missing", param="customer")
refused(invalid, lambda: v1.customers.payment_methods.retrieve(bob.id, card.id), code="resource_missing", http_status=404)
refused(invalid, lambda: v1.payment_methods.attach(card.id, {"customer": bob.id}), **is_of_the_method)
assert v1.payment_methods.attach("pm_card_amex", {"customer": bob.id}).card.brand == "amex"

# Removed, and deleted.
assert v1.payment_methods.detach(card.id).customer is None
refused(invalid, lambda: v1.payment_methods.detach(card.id), http_status=400)
refused(invalid, lambda: v1.payment_intents.create({**theirs, "customer": ann.id}), **is_of_the_method)
assert brands() == ["mastercard"]
deleted = v1.customers.delete(ann.id)
assert (deleted.id, deleted.deleted) == (ann.id, True)
assert v1.customers.retrieve(ann.id).deleted
refused(invalid, lambda: v1.customers.delete(ann.id), code="resource_missing", http_status=404)
refused(invalid, lambda: v1.customers.payment_methods.list(ann.id), code="resource_missing", http_status=404)
refused(invalid, lambda: v1.payment_intents.create({**paid, "customer": ann.id}), code="resource_missing", param="customer")

# Found again.
listed = [one.id for one in v1.payment_intents.list({"limit": 2}).auto_paging_iter()]
assert {intent.id, other.id, saved.id} <= set(listed) and len(set(listed)) == len(listed)
assert [one.id for one in v1.payment_intents.search({"query": f"metadata['saga_id']:'{saga}'"}).data] == [intent.id]

# What was told of it: by us and now, and not when it was changed on its way.
told = []
forged = stripe.SignatureVerificationError
judge = stripe.Webhook.construct_event
for body, signature in arrived:
    event = judge(body, signature, WEBHOOK_SECRET)
    told.append((event.type, event.data.object.object))
    assert abs(event.created - time.time()) < 60, event.created
    later = f"t={int(time.time()) - 3600},{signature.split(',', 1)[1]}"
    refused(forged, lambda: judge(body, signature, "whsec_other"))
    refused(forged, lambda: judge(body.replace(b'"evt_', b'"evt_0', 1), signature, WEBHOOK_SECRET))
    refused(forged, lambda: judge(body, later, WEBHOOK_SECRET))
    refused(forged, lambda: judge(body, None, WEBHOOK_SECRET))
of_intents = ("created", "amount_capturable_updated", "payment_failed", "succeeded", "canceled")
expected = {(f"payment_intent.{what}", "payment_intent") for what in of_intents} | {("charge.refunded", "charge")}
assert not port or expected <= set(told), told

print(f"stripe-python {stripe.VERSION} is understood, and understands; {len(told)} events")
