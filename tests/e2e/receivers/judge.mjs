// What judge.py was sent, before the official libraries of JavaScript; and docs/asyncapi.json, before AsyncAPI's own parser.

import assert from "node:assert";
import { randomBytes, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Parser } from "@asyncapi/parser";
import { CloudEvent, HTTP } from "cloudevents";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

const version = (name) => createRequire(import.meta.url)(`${name}/package.json`).version;

// What the parser says and the document leaves as it is: version 3.1 has come, and nothing of it is needed.
const TASTE = ["asyncapi-latest-version"];
const { document, diagnostics } = await new Parser().parse(readFileSync("docs/asyncapi.json", "utf8"));
const wrong = diagnostics.filter((one) => !TASTE.includes(one.code));
assert.deepEqual(wrong.map((one) => `${one.code} at ${one.path.join("/")}: ${one.message}`), []);
const declared = new Set(document.operations().get("tell").messages().all().map((message) => message.name()));

const deliveries = JSON.parse(readFileSync(process.env.EDGETILL_DELIVERIES, "utf8"));
for (const { headers, body, signed_by, not_by } of deliveries) {
  for (const secret of signed_by) new Webhook(secret).verify(body, headers);
  const [secret, sent] = [signed_by[0], Number(headers["webhook-timestamp"])];
  const stranger = `whsec_${randomBytes(32).toString("base64")}`;
  const refused = (why, by, changed, text = body) =>
    assert.throws(
      () => new Webhook(by).verify(text, { ...headers, ...changed }),
      (error) => error instanceof WebhookVerificationError && error.message.includes(why),
    );
  for (const other of [...not_by, stranger]) refused("No matching signature", other, {});
  refused("No matching signature", secret, {}, body.replace('"id":"', '"id":"0'));
  refused("No matching signature", secret, { "webhook-id": randomUUID() });
  refused("No matching signature", secret, { "webhook-timestamp": String(sent - 1) });
  refused("too old", secret, { "webhook-timestamp": String(sent - 3600) });
  refused("Missing", secret, { "webhook-signature": "" });

  const event = HTTP.toEvent({ headers, body });
  assert(event.validate());
  // It would put another time in the place of one that it cannot read.
  const written = JSON.parse(body);
  assert.deepEqual([event.id, event.time, event.specversion], [headers["webhook-id"], written.time, "1.0"]);
  assert.deepEqual([event.source, event.subject, event.data], [written.source, written.subject, written.data]);
  assert(declared.has(event.type), event.type);
}

// What the library writes is taken in one mode, and known again in the other.
for (const modes of [["structured", "binary"], ["binary", "structured"]]) {
  const event = new CloudEvent({ type: "customer.created", source: "https://crm.example", data: { customer_id: randomUUID() } });
  for (const [status, mode] of [[202, modes[0]], [200, modes[1]]]) {
    const { headers, body } = HTTP[mode](event);
    const authorization = `Bearer ${process.env.EDGETILL_SERVICE_TOKEN}`;
    const answer = await fetch(`${process.env.EDGETILL_URL}/api/v1/events`, { method: "POST", headers: { ...headers, authorization }, body });
    assert.deepEqual([answer.status, await answer.json()], [status, { event_id: event.id, source: event.source, repeated: status === 200 }]);
  }
}

console.log(`standardwebhooks ${version("standardwebhooks")} and cloudevents ${version("cloudevents")} of JavaScript verify and read ${deliveries.length} events, and two that they wrote are taken once`);
console.log(`@asyncapi/parser ${version("@asyncapi/parser")} reads ${declared.size} events, and says ${diagnostics.map((one) => one.code).join(", ") || "nothing"}`);
