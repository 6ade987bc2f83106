import assert from "node:assert/strict";
import { test } from "node:test";

import { IdempotentRequest, sendIdempotently, uuid } from "../../../static/js/lib/idempotency.js";
import { Refusal } from "../../../static/js/lib/refusal.js";
import { storedValue } from "../../../static/js/lib/stored_value.js";
import { fakeStorage } from "./fake_storage.mjs";

function start(storage = fakeStorage()) {
  let next = 1;
  return new IdempotentRequest(storedValue(storage, "pay"), () => `request-${next++}`);
}

const refuse = (/** @type {Wire.ErrorCode} */ code) => () =>
  Promise.reject(new Refusal(code, "No."));

test("the same content is the same request until it is answered", () => {
  const request = start();
  const first = request.begin({ amount_paid: "150.00" });
  assert.deepEqual(first, { amount_paid: "150.00", request_id: "request-1" });
  assert.equal(request.begin({ amount_paid: "150.00" }).request_id, "request-1");
  request.end();
  assert.equal(request.begin({ amount_paid: "150.00" }).request_id, "request-2");
});

test("other content is another request", () => {
  const request = start();
  request.begin({ amount_paid: "150.00" });
  assert.equal(request.begin({ amount_paid: "200.00" }).request_id, "request-2");
});

test("a request under way survives a reload", () => {
  const storage = fakeStorage();
  const sent = start(storage).begin({ amount_paid: "150.00" });
  assert.deepEqual(start(storage).unfinished(), sent);
});

test("an answer ends the request", async () => {
  const request = start();
  request.begin({});
  assert.equal(await sendIdempotently(request, async () => "done"), "done");
  assert.equal(request.unfinished(), null);
});

test("a plain refusal ends the request", async () => {
  const request = start();
  request.begin({});
  await assert.rejects(sendIdempotently(request, refuse("invalid")), { code: "invalid" });
  assert.equal(request.begin({}).request_id, "request-2");
});

test("a refusal that may hide a success keeps the id for the next try by hand", async () => {
  const request = start();
  request.begin({});
  await assert.rejects(sendIdempotently(request, refuse("server_error")), { code: "server_error" });
  assert.equal(request.unfinished(), null);
  assert.equal(request.begin({}).request_id, "request-1");
});

test("ids are random UUIDs", () => {
  assert.match(uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(uuid(), uuid());
});
