"""A receiver of what the shop sends, whose judges are the official libraries of Standard Webhooks and CloudEvents, and
JSON Schema by docs/asyncapi.json; and a program that tells the shop by the same library. What came is kept for judge.mjs."""

import atexit
import base64
import http.server
import json
import os
import threading
import time
import urllib.error
import urllib.request
import uuid
from datetime import datetime, timedelta, timezone
from importlib.metadata import version
from urllib.parse import urlsplit

import jsonschema
import referencing
from cloudevents.core.bindings.http import HTTPMessage, from_http_event, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from referencing.jsonschema import DRAFT7
from standardwebhooks import Webhook, WebhookVerificationError

URL = os.environ["EDGETILL_URL"]
TOKEN = os.environ["EDGETILL_SERVICE_TOKEN"]
PORT = int(os.environ["EDGETILL_RECEIVER_PORT"])
NAME = f"judge-{uuid.uuid4()}"
RECEIVER = f"/api/v1/receivers/{NAME}"

arrived = []


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes whatever comes."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        if self.headers["transfer-encoding"] == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        arrived.append({"headers": headers, "body": body.decode()})
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def ask(status, method, path, body=None, token=TOKEN, headers=None):
    """What the shop answers, which has this status."""
    if body is not None and not isinstance(body, bytes):
        body, headers = json.dumps(body).encode(), {"content-type": "application/json", **(headers or {})}
    headers = {"idempotency-key": str(uuid.uuid4()), **({"authorization": f"Bearer {token}"} if token else {}), **(headers or {})}
    request = urllib.request.Request(URL + path, body, headers, method=method)
    try:
        answer = urllib.request.urlopen(request, timeout=30)
    except urllib.error.HTTPError as error:
        answer = error
    text = answer.read().decode()
    assert answer.status == status, f"{method} {path}: {answer.status} {text}"
    return json.loads(text)


def until_sent(since, *types):
    """Has the workers work until these have come, and nothing else waits. What came after the first `since`."""
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        for worker in ("inbox-work", "outbox-relay"):
            ask(200, "POST", f"/internal/workers/{worker}")
        came = arrived[since:]
        told = {json.loads(one["body"])["type"] for one in came}
        if told >= set(types) and ask(200, "GET", RECEIVER)["pending"] == 0:
            return came
        time.sleep(0.05)
    raise AssertionError(f"{types} did not come, but {told}")


def a_cart():
    return ask(201, "POST", "/api/v1/cart", {"currency": "USD", "country": "VN"}, token="")["guest_token"]


def an_order():
    guest = a_cart()
    ask(200, "POST", "/api/v1/cart/items", {"sku": "TILL-0001", "quantity": 2}, guest)
    address = {"name": "Ann", "line1": "1 Main St", "city": "Oakland", "region": "CA", "postal_code": "94607", "country": "US"}
    begin = {"email": "ann@example.com", "shipping_address": address, "shipping_method": "standard", "payment_method": "pm_card_visa"}
    session = ask(201, "POST", "/api/v1/checkout", begin, guest)["session_id"]
    return ask(201, "POST", f"/api/v1/checkout/{session}/confirm", {}, guest)["order_id"]


def tells(what, data, first, again):
    """An event that the library writes: taken in this mode, and known again in that one."""
    attributes = {"id": f"{what}, số {uuid.uuid4()}", "source": "https://wms.example/hanoi", "type": what, "datacontenttype": "application/json"}
    event = CloudEvent(attributes, data)
    for status, write in ((202, first), (200, again)):
        message = write(event)
        taken = ask(status, "POST", "/api/v1/events", message.body, headers=message.headers)
        assert taken == {"event_id": event.get_id(), "source": event.get_source(), "repeated": status == 200}, taken


def new_secret(old_valid_seconds):
    return ask(201, "POST", f"{RECEIVER}/secrets", {"old_valid_seconds": old_valid_seconds})["secret"]


def is_refused(why, secret, headers, body):
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError as error:
        assert why in str(error), (why, error)
        return
    raise AssertionError(f"it verifies: {headers} {body}")


def judged(one):
    """The event in it: signed by each secret that signs, by no other, and neither changed nor old."""
    headers, body = one["headers"], one["body"].encode()
    for secret in one["signed_by"]:
        Webhook(secret).verify(body, headers)
    secret, sent = one["signed_by"][0], int(headers["webhook-timestamp"])
    no_match = "No matching signature"
    for stranger in [*one["not_by"], "whsec_" + base64.b64encode(os.urandom(32)).decode()]:
        is_refused(no_match, stranger, headers, body)
    is_refused(no_match, secret, headers, body.replace(b'"id":"', b'"id":"0', 1))
    is_refused(no_match, secret, {**headers, "webhook-id": str(uuid.uuid4())}, body)
    is_refused(no_match, secret, {**headers, "webhook-timestamp": str(sent - 1)}, body)
    is_refused("too old", secret, {**headers, "webhook-timestamp": str(sent - 3600)}, body)
    is_refused("Missing", secret, {name: value for name, value in headers.items() if name != "webhook-signature"}, body)

    assert headers["content-type"].split(";")[0] == "application/cloudevents+json", headers
    event = from_http_event(HTTPMessage(headers, body))
    assert event.get_specversion() == "1.0" and event.get_datacontenttype() == "application/json", one
    assert event.get_id() == headers["webhook-id"] == str(uuid.UUID(event.get_id())), one
    assert urlsplit(event.get_source()).scheme == "https", one
    assert abs(datetime.now(timezone.utc) - event.get_time()) < timedelta(minutes=2), one
    declared = {"$ref": f"urn:asyncapi#/components/messages/{event.get_type()}/payload"}
    validator = jsonschema.Draft7Validator(declared, registry=registry, format_checker=formats)
    validator.validate(json.loads(body))
    return event


formats = jsonschema.Draft7Validator.FORMAT_CHECKER
assert "date-time" in formats.checkers
with open("docs/asyncapi.json") as file:
    registry = referencing.Registry().with_resource("urn:asyncapi", DRAFT7.create_resource(json.load(file)))

server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
facts = {"url": f"http://127.0.0.1:{PORT}/{NAME}", "types": [], "active": True}
first = ask(200, "PUT", RECEIVER, facts)["secret"]
atexit.register(lambda: ask(200, "DELETE", RECEIVER))

# Tested; then bought, sent and brought, of which the warehouse and the carrier tell.
tested = ask(200, "POST", f"{RECEIVER}/test")
assert tested["delivered"] and json.loads(arrived[0]["body"])["id"] == tested["event_id"], tested
order = an_order()
parcel = {"order_id": order, "status": "shipped", "carrier": "Bưu điện Việt Nam", "tracking_number": "VN 7"}
tells("fulfillments.fulfillment.status_changed", parcel, to_structured_event, to_binary_event)
until_sent(1, "orders.order.shipped")
tells("shipping.shipment.delivered", {"order_id": order}, to_binary_event, to_structured_event)
told = {"cart.created", "cart.item_added", "cart.converted", "orders.order.created", "orders.order.shipped", "orders.order.completed"}
for one in until_sent(0, *told):
    one.update(signed_by=[first], not_by=[])

# Its secret is changed: both sign for a while, and then the new one alone.
since = len(arrived)
second = new_secret(3600)
a_cart()
for one in until_sent(since, "cart.created"):
    one.update(signed_by=[first, second], not_by=[])
since = len(arrived)
third = new_secret(0)
a_cart()
for one in until_sent(since, "cart.created"):
    one.update(signed_by=[third], not_by=[first, second])

events = [judged(one) for one in arrived]
assert len({event.get_source() for event in events}) == 1
assert len({event.get_id() for event in events}) == len(events)
shipped = [event.get_data() for event in events if event.get_type() == "orders.order.shipped" and event.get_data()["order_id"] == order]
assert [one["carrier"] for one in shipped] == [parcel["carrier"]], shipped
of_the_order = [event for event in events if event.get_subject() == f"order/{order}"]
places = [event.get_extension("sequence") for event in of_the_order]
assert places == sorted(places), places

with open(os.environ["EDGETILL_DELIVERIES"], "w") as file:
    json.dump(arrived, file)
types = {event.get_type() for event in events}
print(f"standardwebhooks {version('standardwebhooks')} and cloudevents {version('cloudevents')} of Python verify and read {len(events)} events of {len(types)} types, and two that they wrote are taken once")
