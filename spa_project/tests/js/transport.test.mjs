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
  const world = { sockets: [], polls: [], tried: [], states: [], polling: false, logins: 0 };
  const add = (kind, connections) => {
    world.tried.push(kind);
    world.newest = new FakeConnection();
    connections.push(world.newest);
    return world.newest;
  };
  const transport = new Transport({
    openSocket: () => {
      if (refuse) throw new Error("Sockets are forbidden here");
      return add("socket", world.sockets);
    },
    openPolling: () => add("poll", world.polls),
    onPolling: (isPolling) => (world.polling = isPolling),
  });
  world.transport = transport;
  world.client = new LiveSocket({
    url: "ws://spa/ws/cashier/",
    connect: (url) => transport.connect(url),
    random: () => 0,
    onEvent: () => {},
    onState: (state) => world.states.push(state),
    onLogin: () => world.logins++,
  });
  world.client.open();
  return world;
}

const SNAPSHOT = { event: "snapshot", data: {} };

function openPolling() {
  const world = open();
  world.sockets[0].drop();
  pass(0.5);
  world.sockets[1].drop();
  pass(0.5);
  world.polls[0].say(SNAPSHOT);
  return world;
}

test("one failed opening is tried again by socket", () => {
  const world = open();
  world.sockets[0].drop();
  pass(0.5);
  assert.equal(world.sockets.length, 2);
  assert.equal(world.polls.length, 0);
});

test("after two failed openings in a row it polls, and is live", () => {
  const world = openPolling();
  assert.equal(world.client.isLive, true);
  assert.equal(world.polling, true);
  assert.deepEqual(world.states, ["connecting", "reconnecting", "live"]);
});

test("sockets that open and then break are no reason to poll", () => {
  const world = open();
  for (let cut = 0; cut < 5; cut++) {
    world.sockets.at(-1).say(SNAPSHOT);
    world.sockets.at(-1).drop();
    pass(0.5);
  }
  assert.equal(world.sockets.length, 6);
  assert.equal(world.polls.length, 0);
});

test("what the server itself says does not count as blocked", () => {
  const world = open();
  for (let tries = 0; tries < 4; tries++) {
    world.sockets.at(-1).drop(1013);
    pass(0.5);
  }
  assert.equal(world.polls.length, 0);
});

test("where sockets are forbidden by policy it polls", () => {
  const world = open({ refuse: true });
  pass(2);
  world.polls[0].say(SNAPSHOT);
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
  const asked = world.client.request("cashier_claim_next");
  assert.equal(world.polls[0].sent[0].command, "cashier_claim_next");
  world.polls[0].say({ id: 1, ok: true, transaction: { id: 4 } });
  assert.equal((await asked).transaction.id, 4);
});

test("a socket that opens again takes over without a break", async () => {
  const world = openPolling();
  const asked = world.client.request("cashier_claim_next");
  pass(5);
  world.sockets[2].say(SNAPSHOT);
  assert.equal(world.polling, false);
  assert.equal(world.polls[0].closed, true);
  assert.deepEqual(world.states, ["connecting", "reconnecting", "live"]);
  world.polls[0].say({ id: 1, ok: true });
  assert.equal((await asked).ok, true);
  world.client.request("cashier_claim_next");
  assert.equal(world.sockets[2].sent.length, 1);
});

test("while polling, a socket is tried soon and then each half minute", () => {
  const world = openPolling();
  pass(5);
  assert.equal(world.sockets.length, 3);
  for (let minute = 0; minute < 2; minute++) {
    world.sockets.at(-1).drop();
    for (let beat = 0; beat < 6; beat++) {
      pass(5);
      world.polls[0].say({ event: "heartbeat", data: {} });
    }
    assert.equal(world.sockets.length, 4 + minute);
  }
  assert.equal(world.client.isLive, true);
});

test("a try that hangs is given up with the next", () => {
  const world = openPolling();
  world.transport.retrySocket();
  assert.equal(world.sockets[2].closed, false);
  world.transport.retrySocket();
  assert.equal(world.sockets[2].closed, true);
  world.sockets[3].say(SNAPSHOT);
  assert.equal(world.polling, false);
});

test("another network gives sockets another chance at once", () => {
  const world = openPolling();
  world.transport.retrySocket();
  world.sockets[2].say(SNAPSHOT);
  assert.equal(world.polling, false);
  world.transport.retrySocket();
  pass(10);
  assert.equal(world.sockets.length, 3);
});

test("a socket may be quicker than the first poll", () => {
  const world = open();
  world.sockets[0].drop();
  pass(0.5);
  world.sockets[1].drop();
  pass(5.5);
  world.sockets[2].say(SNAPSHOT);
  assert.equal(world.client.isLive, true);
  assert.equal(world.polling, false);
});

test("polls that break are taken up again, and their socket is not tried", async () => {
  const world = openPolling();
  const asked = world.client.request("cashier_claim_next");
  world.polls[0].drop();
  await assert.rejects(asked, { code: "connection_lost" });
  pass(0.5);
  assert.equal(world.polls.length, 2);
  assert.equal(world.sockets.length, 2);
  await settle();
});

test("when neither works, sockets and polls are tried in turn", () => {
  const world = open();
  for (let tries = 0; tries < 6; tries++) {
    world.newest.drop();
    pass(0.5);
  }
  const inTurn = ["socket", "socket", "poll", "socket", "poll", "socket", "poll"];
  assert.deepEqual(world.tried, inTurn);
});

test("a socket that says who we no longer are ends the polling", () => {
  const world = openPolling();
  pass(5);
  world.sockets[2].drop(4401);
  assert.equal(world.logins, 1);
  assert.equal(world.client.isLive, false);
});

test("a socket that opens too late for its connection is closed", () => {
  const world = openPolling();
  pass(5);
  world.polls[0].drop();
  world.sockets[2].say(SNAPSHOT);
  assert.equal(world.sockets[2].closed, true);
});

test("hung up for good, nothing is tried any more", () => {
  const world = openPolling();
  world.client.close();
  pass(60);
  assert.equal(world.sockets.length, 2);
  assert.equal(world.polls.length, 1);
});
