import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { LiveSocket } from "../../../static/js/lib/socket.js";
import { FakeConnection, passing, settle } from "./fake_connection.mjs";

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
});

/** @param {Partial<import("../../../static/js/lib/socket.js").SocketOptions>} [options] */
function open(options = {}) {
  /** @type {FakeConnection[]} */
  const connections = [];
  /** @type {[string, object][]} */
  const events = [];
  /** @type {string[]} */
  const states = [];
  const world = { connections, events, states, logins: 0, socket: new LiveSocket(defaults()) };
  world.socket.open();
  return world;

  /** @returns {import("../../../static/js/lib/socket.js").SocketOptions} */
  function defaults() {
    return {
      url: "ws://spa/ws/monitor/",
      lostMessage: "Connection lost.",
      connect: () => {
        const connection = new FakeConnection();
        connections.push(connection);
        return connection;
      },
      random: () => 1,
      onEvent: (event, data) => events.push([event, data]),
      onState: (state, _lostAt, stale) => states.push(stale ? `${state}, stale` : state),
      onLogin: () => world.logins++,
      ...options,
    };
  }
}

/** @param {Partial<import("../../../static/js/lib/socket.js").SocketOptions>} [options] */
function openLive(options) {
  const world = open(options);
  world.connections[0]?.say({ event: "snapshot", data: {} });
  return world;
}

const pass = passing(mock.timers);
/** @param {{ connections: FakeConnection[] }} world */
function lastConnection(world) {
  const connection = world.connections.at(-1);
  assert.ok(connection);
  return connection;
}

test("a connection is live with its first message, not before", () => {
  const world = open();
  assert.equal(world.socket.isLive, false);
  lastConnection(world).say({ event: "snapshot", data: { transactions: [] } });
  assert.equal(world.socket.isLive, true);
  assert.deepEqual(world.states, ["connecting", "live"]);
  assert.deepEqual(world.events, [["snapshot", { transactions: [] }]]);
});

test("an answer goes to the one who asked", async () => {
  const world = openLive();
  const first = world.socket.request("cashier_claim_next", {});
  const second = world.socket.request("staff_hold", { transaction_id: 4 });
  assert.deepEqual(lastConnection(world).sent, [
    { command: "cashier_claim_next", id: 1, data: {} },
    { command: "staff_hold", id: 2, data: { transaction_id: 4 } },
  ]);
  lastConnection(world).say({
    event: "staff_hold_result",
    id: 2,
    ok: true,
    transaction: { id: 4 },
  });
  lastConnection(world).say({
    event: "cashier_claim_next_result",
    id: 1,
    ok: true,
    transaction: { id: 3 },
  });
  assert.deepEqual((await second).transaction, { id: 4 });
  assert.deepEqual((await first).transaction, { id: 3 });
});

test("a refusal rejects with its code and sentence", async () => {
  const world = openLive();
  const asked = world.socket.request("cashier_claim_next", {});
  lastConnection(world).say({ id: 1, ok: false, code: "queue_empty", error: "No one is waiting." });
  await assert.rejects(asked, { code: "queue_empty", message: "No one is waiting." });
});

test("what was asked when the connection broke is rejected as lost", async () => {
  const world = openLive();
  const asked = world.socket.request("cashier_claim_next", {});
  lastConnection(world).drop();
  await assert.rejects(asked, { code: "connection_lost", message: "Connection lost." });
  await assert.rejects(world.socket.request("cashier_claim_next", {}), { code: "connection_lost" });
});

test("an answer that never comes is lost too", async () => {
  const world = openLive();
  const asked = world.socket.request("cashier_claim_next", {});
  for (let second = 0; second < 21; second++) {
    pass(1);
    lastConnection(world).say({ event: "heartbeat", data: {} });
  }
  await assert.rejects(asked, { code: "connection_lost" });
});

test("insisting asks the same again on the next connection", async () => {
  const world = openLive();
  const payment = { transaction_id: 4, amount_paid: "150.00", request_id: "r" };
  const asked = world.socket.requestUntilAnswered("cashier_pay", payment);
  await settle();
  lastConnection(world).drop();
  await settle();
  pass(1);
  lastConnection(world).say({ event: "snapshot", data: {} });
  await settle();
  const [sent] = lastConnection(world).sent;
  assert.ok(sent);
  assert.deepEqual(sent.data, payment);
  lastConnection(world).say({ id: sent.id, ok: true, transaction: { id: 4 } });
  assert.deepEqual((await asked).transaction, { id: 4 });
});

test("insisting gives up when the server refuses", async () => {
  const world = openLive();
  const asked = world.socket.requestUntilAnswered("cashier_claim_next", {});
  await settle();
  lastConnection(world).say({ id: 1, ok: false, code: "wrong_state", error: "No." });
  await assert.rejects(asked, { code: "wrong_state" });
});

test("waits between tries grow from half a second to fifteen", () => {
  /** @type {number[]} */
  const waits = [];
  const world = openLive();
  for (let tries = 0; tries < 8; tries++) {
    const before = world.connections.length;
    lastConnection(world).drop();
    let waited = 0;
    while (world.connections.length === before) {
      pass(0.5);
      waited += 0.5;
    }
    waits.push(waited);
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 15, 15, 15, 15]);
});

test("jitter spreads a thousand screens that were cut off together", () => {
  const world = openLive({ random: () => 0 });
  lastConnection(world).drop();
  pass(0.5);
  assert.equal(world.connections.length, 2);
});

test("a connection too fast or too slow is given more time at once", () => {
  const world = openLive();
  lastConnection(world).drop(4429);
  pass(7.9);
  assert.equal(world.connections.length, 1);
  pass(0.1);
  assert.equal(world.connections.length, 2);
});

test("who was too fast waits five seconds at least", () => {
  const world = openLive({ random: () => 0 });
  lastConnection(world).drop(4429);
  pass(4.9);
  assert.equal(world.connections.length, 1);
  pass(0.1);
  assert.equal(world.connections.length, 2);
});

test("a connection that opens but says nothing is given up after ten seconds", () => {
  const world = open();
  pass(10);
  assert.equal(world.connections[0]?.closed, false);
  pass(1.1);
  assert.equal(world.connections[0]?.closed, true);
});

test("someone no longer logged in goes to the login page, once", () => {
  const world = open();
  lastConnection(world).drop(4401);
  pass(60);
  assert.equal(world.logins, 1);
  assert.equal(world.connections.length, 1);
  assert.deepEqual(world.states, ["connecting", "offline"]);
});

test("a connection closed for good is not opened again", () => {
  for (const code of [4403, 4404]) {
    const world = open();
    lastConnection(world).drop(code);
    pass(60);
    assert.equal(world.connections.length, 1);
    assert.equal(world.logins, 0);
  }
});

test("the chip tells of a short break, then of a long one, then of old data", () => {
  const world = openLive();
  lastConnection(world).drop();
  pass(30);
  assert.deepEqual(world.states, [
    "connecting",
    "live",
    "reconnecting",
    "offline",
    "offline, stale",
  ]);
});

test("a silent connection is asked for a sign of life, then given up", () => {
  const world = openLive();
  pass(7);
  assert.deepEqual(lastConnection(world).sent, []);
  pass(1);
  assert.deepEqual(lastConnection(world).sent, [{ command: "snapshot" }]);
  pass(18);
  assert.equal(world.connections[0]?.closed, true);
  assert.equal(world.socket.isLive, false);
  pass(1);
  assert.equal(world.connections.length, 2);
});

test("any message keeps a connection alive", () => {
  const world = openLive();
  for (let beats = 0; beats < 20; beats++) {
    pass(5);
    lastConnection(world).say({ event: "heartbeat", data: { count: 0, versions: 0 } });
  }
  assert.equal(world.connections.length, 1);
  assert.deepEqual(lastConnection(world).sent, []);
});

test("told to catch up, it asks for a snapshot", () => {
  const world = openLive();
  lastConnection(world).say({ event: "resync" });
  assert.deepEqual(lastConnection(world).sent, [{ command: "snapshot" }]);
});

test("a difference that lasts asks for a snapshot", () => {
  const world = openLive({ digest: () => ({ count: 1, versions: 3 }) });
  lastConnection(world).say({ event: "heartbeat", data: { count: 1, versions: 4 } });
  pass(0.9);
  assert.deepEqual(lastConnection(world).sent, []);
  pass(0.1);
  assert.deepEqual(lastConnection(world).sent, [{ command: "snapshot" }]);
});

test("another version of the setup asks for a snapshot", () => {
  const world = openLive({ digest: () => ({ count: 1, versions: 3, setup: 7 }) });
  lastConnection(world).say({ event: "heartbeat", data: { count: 1, versions: 3, setup: 8 } });
  pass(1);
  assert.deepEqual(lastConnection(world).sent, [{ command: "snapshot" }]);
});

test("a page without rows compares the setup alone", () => {
  const world = openLive({ digest: () => ({ setup: 7 }) });
  lastConnection(world).say({ event: "heartbeat", data: { setup: 7 } });
  pass(2);
  assert.deepEqual(lastConnection(world).sent, []);
  lastConnection(world).say({ event: "heartbeat", data: { setup: 8 } });
  pass(1);
  assert.deepEqual(lastConnection(world).sent, [{ command: "snapshot" }]);
});

test("told that the setup has changed, it asks for a snapshot at once", () => {
  const world = openLive();
  lastConnection(world).say({ event: "setup_updated", data: { version: 8 } });
  assert.deepEqual(lastConnection(world).sent, [{ command: "snapshot" }]);
});

test("a difference that the next event explains asks for nothing", () => {
  let versions = 3;
  const world = openLive({
    digest: () => ({ count: 1, versions }),
    onEvent: () => versions++,
  });
  versions = 3;
  lastConnection(world).say({ event: "heartbeat", data: { count: 1, versions: 4 } });
  lastConnection(world).say({ event: "monitor_updated", data: {} });
  lastConnection(world).say({ event: "monitor_updated", data: {} });
  pass(2);
  assert.deepEqual(lastConnection(world).sent, []);
});

test("a device that comes back online does not wait", () => {
  const world = openLive();
  lastConnection(world).drop();
  world.socket.reconnectNow();
  assert.equal(world.connections.length, 2);
  pass(1);
  assert.equal(world.connections.length, 2);
});

test("a device without network gives its connection up and tries anew", async () => {
  const world = openLive();
  const asked = world.socket.request("cashier_claim_next", {});
  world.socket.assumeLost();
  assert.equal(world.socket.isLive, false);
  assert.equal(world.connections[0]?.closed, true);
  await assert.rejects(asked, { code: "connection_lost" });
  pass(1);
  lastConnection(world).say({ event: "snapshot", data: {} });
  assert.deepEqual(world.states, ["connecting", "live", "reconnecting", "live"]);
});

test("a socket hung up for good stays down", async () => {
  const world = openLive();
  world.socket.close();
  pass(60);
  assert.equal(world.connections.length, 1);
  await assert.rejects(world.socket.requestUntilAnswered("cashier_claim_next", {}), {
    code: "connection_lost",
  });
});

test("what a heartbeat brings beside the digest is told like any news", () => {
  const world = openLive({ digest: () => ({ count: 1, versions: 4 }) });
  const data = { count: 1, versions: 4, statistics: { served_today: 3 } };
  lastConnection(world).say({ event: "heartbeat", data });
  assert.deepEqual(world.events.at(-1), ["heartbeat", data]);
  pass(2000);
  assert.deepEqual(lastConnection(world).sent, []);
});
