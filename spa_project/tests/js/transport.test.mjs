import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { LiveSocket } from "../../../static/js/lib/socket.js";
import { Transport } from "../../../static/js/lib/transport.js";
import { FakeConnection, passing, settle } from "./fake_connection.mjs";

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
});

const pass = passing(mock.timers);

/** A page's connection over a transport whose sockets and polls the test plays. */
function open({ refuse = false } = {}) {
  /** @type {FakeConnection[]} */
  const sockets = [];
  /** @type {FakeConnection[]} */
  const polls = [];
  /** @type {string[]} */
  const tried = [];
  /** @type {string[]} */
  const states = [];
  const seen = { polling: false, logins: 0, newest: new FakeConnection() };
  const add = (/** @type {string} */ kind, /** @type {FakeConnection[]} */ connections) => {
    tried.push(kind);
    seen.newest = new FakeConnection();
    connections.push(seen.newest);
    return seen.newest;
  };
  const transport = new Transport({
    openSocket: () => {
      if (refuse) throw new Error("Sockets are forbidden here");
      return add("socket", sockets);
    },
    openPolling: () => add("poll", polls),
    onPolling: (isPolling) => {
      seen.polling = isPolling;
    },
  });
  const client = new LiveSocket({
    url: "ws://spa/ws/cashier/",
    connect: (url) => transport.connect(url),
    random: () => 0,
    onEvent: () => {},
    onState: (state) => states.push(state),
    onLogin: () => seen.logins++,
  });
  client.open();
  return { sockets, polls, tried, states, transport, client, seen };
}

/**
 * @param {FakeConnection[]} connections
 * @param {number} place
 */
function at(connections, place) {
  const connection = connections.at(place);
  assert.ok(connection);
  return connection;
}

const SNAPSHOT = { event: "snapshot", data: {} };

function openPolling() {
  const world = open();
  at(world.sockets, 0).drop();
  pass(0.5);
  at(world.sockets, 1).drop();
  pass(0.5);
  at(world.polls, 0).say(SNAPSHOT);
  return world;
}

test("one failed opening is tried again by socket", () => {
  const world = open();
  at(world.sockets, 0).drop();
  pass(0.5);
  assert.equal(world.sockets.length, 2);
  assert.equal(world.polls.length, 0);
});

test("after two failed openings in a row it polls, and is live", () => {
  const world = openPolling();
  assert.equal(world.client.isLive, true);
  assert.equal(world.seen.polling, true);
  assert.deepEqual(world.states, ["connecting", "reconnecting", "live"]);
});

test("sockets that open and then break are no reason to poll", () => {
  const world = open();
  for (let cut = 0; cut < 5; cut++) {
    at(world.sockets, -1).say(SNAPSHOT);
    at(world.sockets, -1).drop();
    pass(0.5);
  }
  assert.equal(world.sockets.length, 6);
  assert.equal(world.polls.length, 0);
});

test("what the server itself says does not count as blocked", () => {
  const world = open();
  for (let tries = 0; tries < 4; tries++) {
    at(world.sockets, -1).drop(1013);
    pass(0.5);
  }
  assert.equal(world.polls.length, 0);
});

test("where sockets are forbidden by policy it polls", () => {
  const world = open({ refuse: true });
  pass(2);
  at(world.polls, 0).say(SNAPSHOT);
  assert.equal(world.client.isLive, true);
});

test("openings that hang count as failed", () => {
  const world = open();
  pass(24);
  assert.equal(world.sockets.length, 2);
  assert.equal(world.polls.length, 1);
});

test("commands are answered by polling too", async () => {
  const world = openPolling();
  const asked = world.client.request("cashier_claim_next", {});
  assert.equal(at(world.polls, 0).sent[0]?.command, "cashier_claim_next");
  at(world.polls, 0).say({ id: 1, ok: true, transaction: { id: 4 } });
  assert.equal((await asked).transaction.id, 4);
});

test("a socket that opens again takes over without a break", async () => {
  const world = openPolling();
  const asked = world.client.request("cashier_claim_next", {});
  pass(5);
  at(world.sockets, 2).say(SNAPSHOT);
  assert.equal(world.seen.polling, false);
  assert.equal(at(world.polls, 0).closed, true);
  assert.deepEqual(world.states, ["connecting", "reconnecting", "live"]);
  at(world.polls, 0).say({ id: 1, ok: true, transaction: { id: 4 } });
  assert.equal((await asked).transaction.id, 4);
  world.client.request("cashier_claim_next", {});
  assert.equal(at(world.sockets, 2).sent.length, 1);
});

test("while polling, a socket is tried soon and then each half minute", () => {
  const world = openPolling();
  pass(5);
  assert.equal(world.sockets.length, 3);
  for (let minute = 0; minute < 2; minute++) {
    at(world.sockets, -1).drop();
    for (let beat = 0; beat < 6; beat++) {
      pass(5);
      at(world.polls, 0).say({ event: "heartbeat", data: {} });
    }
    assert.equal(world.sockets.length, 4 + minute);
  }
  assert.equal(world.client.isLive, true);
});

test("a try that hangs is given up with the next", () => {
  const world = openPolling();
  world.transport.retrySocket();
  assert.equal(at(world.sockets, 2).closed, false);
  world.transport.retrySocket();
  assert.equal(at(world.sockets, 2).closed, true);
  at(world.sockets, 3).say(SNAPSHOT);
  assert.equal(world.seen.polling, false);
});

test("another network gives sockets another chance at once", () => {
  const world = openPolling();
  world.transport.retrySocket();
  at(world.sockets, 2).say(SNAPSHOT);
  assert.equal(world.seen.polling, false);
  world.transport.retrySocket();
  pass(10);
  assert.equal(world.sockets.length, 3);
});

test("a socket may be quicker than the first poll", () => {
  const world = open();
  at(world.sockets, 0).drop();
  pass(0.5);
  at(world.sockets, 1).drop();
  pass(5.5);
  at(world.sockets, 2).say(SNAPSHOT);
  assert.equal(world.client.isLive, true);
  assert.equal(world.seen.polling, false);
});

test("polls that break are taken up again, and their socket is not tried", async () => {
  const world = openPolling();
  const asked = world.client.request("cashier_claim_next", {});
  at(world.polls, 0).drop();
  await assert.rejects(asked, { code: "connection_lost" });
  pass(0.5);
  assert.equal(world.polls.length, 2);
  assert.equal(world.sockets.length, 2);
  await settle();
});

test("when neither works, sockets and polls are tried in turn", () => {
  const world = open();
  for (let tries = 0; tries < 6; tries++) {
    world.seen.newest.drop();
    pass(0.5);
  }
  const inTurn = ["socket", "socket", "poll", "socket", "poll", "socket", "poll"];
  assert.deepEqual(world.tried, inTurn);
});

test("a socket that says who we no longer are ends the polling", () => {
  const world = openPolling();
  pass(5);
  at(world.sockets, 2).drop(4401);
  assert.equal(world.seen.logins, 1);
  assert.equal(world.client.isLive, false);
});

test("a socket that opens too late for its connection is closed", () => {
  const world = openPolling();
  pass(5);
  at(world.polls, 0).drop();
  at(world.sockets, 2).say(SNAPSHOT);
  assert.equal(at(world.sockets, 2).closed, true);
});

test("hung up for good, nothing is tried any more", () => {
  const world = openPolling();
  world.client.close();
  pass(60);
  assert.equal(world.sockets.length, 2);
  assert.equal(world.polls.length, 1);
});
