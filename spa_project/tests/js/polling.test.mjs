import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Polling } from "../../../static/js/lib/polling.js";
import { passing, settle } from "./fake_connection.mjs";

const SNAPSHOT = "/api/snapshots/cashier/";

/** @type {Polling[]} */
const running = [];

/**
 * @typedef {{ url: string, request: RequestInit & { headers: Record<string, string> },
 *   answer: (response: Response) => void, fail: (error: Error) => void }} Asked
 */

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => {
  for (const polling of running.splice(0)) polling.close();
  mock.timers.reset();
});

const pass = passing(mock.timers);

/** Polls a server whose answers the test gives, in the order they were asked for. */
async function start(options = {}) {
  /** @type {Asked[]} */
  const asked = [];
  /** @type {Record<string, unknown>[]} */
  const said = [];
  /** @type {number[]} */
  const codes = [];
  const polling = new Polling({
    snapshotUrl: SNAPSHOT,
    fetch: /** @type {typeof fetch} */ (
      (/** @type {string} */ url, /** @type {Asked["request"]} */ request) =>
        new Promise((answer, fail) => asked.push({ url, request, answer, fail }))
    ),
    random: () => 0,
    ...options,
  });
  polling.onmessage = ({ data }) => said.push(JSON.parse(data));
  polling.onclose = ({ code }) => codes.push(code);
  const oldest = () => {
    const request = asked.shift();
    assert.ok(request, "nothing was asked");
    return request;
  };
  const answer = async (
    /** @type {number} */ status,
    /** @type {object} */ body = {},
    /** @type {Record<string, string>} */ headers = {},
  ) => {
    const text = status === 304 ? null : JSON.stringify(body);
    oldest().answer(new Response(text, { status, headers }));
    await settle();
    await new Promise(setImmediate);
  };
  running.push(polling);
  mock.timers.tick(0);
  return { asked, said, codes, polling, oldest, answer };
}

/**
 * @param {{ polling: Polling }} world
 * @param {string} command
 * @param {number} id
 * @param {object} [data]
 */
const send = (world, command, id, data = {}) =>
  world.polling.send(JSON.stringify({ command, id, data }));

test("a snapshot comes as over a socket", async () => {
  const world = await start();
  assert.equal(world.asked[0]?.url, SNAPSHOT);
  await world.answer(200, { transactions: [] });
  assert.deepEqual(world.said, [{ event: "snapshot", data: { transactions: [] } }]);
});

test("what has not changed is not sent again, and is a sign of life", async () => {
  const world = await start();
  await world.answer(200, {}, { ETag: '"v1"' });
  pass(3);
  assert.equal(world.asked[0]?.request.headers["If-None-Match"], '"v1"');
  await world.answer(304);
  assert.equal(world.said.at(-1)?.event, "heartbeat");
  pass(3);
  assert.equal(world.asked[0]?.request.headers["If-None-Match"], '"v1"');
});

test("pauses are three to five seconds", async () => {
  const world = await start({ random: () => 1 });
  await world.answer(200);
  pass(4.9);
  assert.equal(world.asked.length, 0);
  pass(0.1);
  assert.equal(world.asked.length, 1);
});

test("asked for a snapshot, it asks at once and for all of it", async () => {
  const world = await start();
  await world.answer(200, {}, { ETag: '"v1"' });
  world.polling.send(JSON.stringify({ command: "snapshot" }));
  mock.timers.tick(0);
  assert.deepEqual(world.asked[0]?.request.headers, {});
});

test("a command is posted to its address with the page's token", async () => {
  const world = await start({ query: "?branch=main", csrfToken: () => "token" });
  await world.answer(200);
  send(world, "cashier_pay", 7, { amount_paid: "150.00" });
  const [posted] = world.asked;
  assert.ok(posted);
  const { url, request } = posted;
  assert.equal(url, "/api/commands/cashier_pay/?branch=main");
  assert.equal(request.method, "POST");
  assert.equal(request.headers["X-CSRFToken"], "token");
  assert.deepEqual(JSON.parse(String(request.body)), { amount_paid: "150.00" });
  await world.answer(200, { ok: true, transaction: { id: 1 } });
  assert.deepEqual(world.said.at(-1), { ok: true, transaction: { id: 1 }, id: 7 });
});

test("a refusal is an answer, whatever its status", async () => {
  const world = await start();
  await world.answer(200);
  send(world, "cashier_claim_next", 1);
  await world.answer(409, { ok: false, code: "queue_empty", error: "No one is waiting." });
  assert.equal(world.said.at(-1)?.code, "queue_empty");
  assert.deepEqual(world.codes, []);
});

test("after an answer the rest of the screen is asked for at once", async () => {
  const world = await start();
  await world.answer(200);
  send(world, "cashier_claim_next", 1);
  await world.answer(200, { ok: true });
  mock.timers.tick(0);
  assert.equal(world.asked[0]?.url, SNAPSHOT);
});

test("a snapshot read before an answer does not take the answer back", async () => {
  const world = await start();
  const early = world.asked[0];
  assert.ok(early);
  send(world, "cashier_claim_next", 1);
  world.asked.reverse();
  await world.answer(200, { ok: true });
  early.answer(new Response("{}"));
  await new Promise(setImmediate);
  assert.deepEqual(
    world.said.map(({ event }) => event),
    [undefined],
  );
  world.asked.shift();
  mock.timers.tick(0);
  assert.equal(world.asked.length, 1);
});

test("the server's refusals close the connection as a socket's would", async () => {
  const refusals = /** @type {const} */ ([
    [401, 4401],
    [403, 4403],
    [404, 4404],
  ]);
  for (const [status, code] of refusals) {
    const world = await start();
    await world.answer(status, { ok: false, code: "no", error: "No." });
    assert.deepEqual(world.codes, [code]);
  }
});

test("a proxy's refusal is only a broken connection", async () => {
  const world = await start();
  await world.answer(403, { message: "Blocked" });
  assert.deepEqual(world.codes, [1006]);
});

test("a server that is busy, or away, breaks the connection once", async () => {
  const busy = await start();
  await busy.answer(503, { ok: false, code: "busy" });
  assert.deepEqual(busy.codes, [1006]);
  const away = await start();
  away.oldest().fail(new TypeError("Failed to fetch"));
  await settle();
  assert.deepEqual(away.codes, [1006]);
  pass(60);
  assert.equal(away.asked.length, 0);
});

test("a command whose answer is lost breaks the connection", async () => {
  const world = await start();
  await world.answer(200);
  send(world, "cashier_pay", 1);
  world.oldest().fail(new TypeError("Failed to fetch"));
  await settle();
  assert.deepEqual(world.codes, [1006]);
});

test("a page in place of an answer breaks the connection", async () => {
  const world = await start();
  await world.answer(200);
  send(world, "cashier_pay", 1);
  world.oldest().answer(new Response("<html>", { status: 502 }));
  await new Promise(setImmediate);
  assert.deepEqual(world.codes, [1006]);
});

test("closed, it still hands over the answer it waits for", async () => {
  const world = await start();
  await world.answer(200);
  send(world, "cashier_pay", 1);
  world.polling.close();
  await world.answer(200, { ok: true });
  assert.equal(world.said.at(-1)?.id, 1);
  pass(60);
  assert.equal(world.asked.length, 0);
});
