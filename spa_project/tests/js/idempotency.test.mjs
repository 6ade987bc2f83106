import assert from "node:assert/strict";
import { test } from "node:test";

import { carryOut, Intent, uuid } from "../../../static/js/lib/idempotency.js";
import { memory } from "../../../static/js/lib/stored_value.js";
import { Refusal } from "../../../static/js/lib/refusal.js";
import { fakeStorage } from "./fake_storage.mjs";

function start(storage = fakeStorage()) {
  let next = 1;
  return new Intent(memory(storage, "pay"), () => `request-${next++}`);
}

const refuse = (code) => () => Promise.reject(new Refusal(code, "No."));

test("the same content is the same intent until it is answered", () => {
  const intent = start();
  const first = intent.begin({ amount_paid: "150.00" });
  assert.deepEqual(first, { amount_paid: "150.00", request_id: "request-1" });
  assert.equal(intent.begin({ amount_paid: "150.00" }).request_id, "request-1");
  intent.end();
  assert.equal(intent.begin({ amount_paid: "150.00" }).request_id, "request-2");
});

test("other content is another intent", () => {
  const intent = start();
  intent.begin({ amount_paid: "150.00" });
  assert.equal(intent.begin({ amount_paid: "200.00" }).request_id, "request-2");
});

test("an intent under way survives a reload", () => {
  const storage = fakeStorage();
  const sent = start(storage).begin({ amount_paid: "150.00" });
  assert.deepEqual(start(storage).unfinished(), sent);
});

test("an answer ends the intent", async () => {
  const intent = start();
  intent.begin({});
  assert.equal(await carryOut(intent, async () => "done"), "done");
  assert.equal(intent.unfinished(), null);
});

test("a plain refusal ends the intent", async () => {
  const intent = start();
  intent.begin({});
  await assert.rejects(carryOut(intent, refuse("invalid")), { code: "invalid" });
  assert.equal(intent.begin({}).request_id, "request-2");
});

test("a refusal that may hide a success keeps the id for the next try by hand", async () => {
  const intent = start();
  intent.begin({});
  await assert.rejects(carryOut(intent, refuse("server_error")), { code: "server_error" });
  assert.equal(intent.unfinished(), null);
  assert.equal(intent.begin({}).request_id, "request-1");
});

test("ids are random UUIDs", () => {
  assert.match(uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(uuid(), uuid());
});
