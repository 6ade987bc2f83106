import assert from "node:assert/strict";
import { test } from "node:test";

import { FloorStore, listOf } from "../../../static/js/lib/store.js";
import { room as roomOf, therapist, transaction } from "./fixtures.mjs";

/**
 * @param {number} id
 * @param {number} version
 * @param {Wire.Status} [status]
 * @param {Partial<Wire.TransactionData>} [more]
 */
const row = (id, version, status = "finished", more = {}) =>
  transaction({ id, version, status, ...more });

/** @param {Wire.TransactionData[]} transactions */
function queue(...transactions) {
  const store = new FloorStore(["finished"]);
  store.replace({ transactions });
  return store;
}

test("a snapshot replaces everything", () => {
  const store = queue(row(1, 1));
  store.replace({
    transactions: [row(2, 5)],
    rooms: [roomOf({ number: "3", version: 2 })],
    setup: 31,
  });
  assert.deepEqual(store.transactions(), [row(2, 5)]);
  assert.deepEqual(store.digest(), { count: 2, versions: 7, setup: 31, presence: 0 });
});

test("news replaces what is older", () => {
  const store = queue(row(1, 1));
  assert.equal(store.put(row(1, 2)), true);
  assert.deepEqual(store.transactions(), [row(1, 2)]);
});

test("old news changes nothing", () => {
  const store = queue(row(1, 3));
  assert.equal(store.put(row(1, 2)), false);
  assert.equal(store.put(row(1, 3, "finished", { total_amount: "9.00" })), false);
  assert.deepEqual(store.transactions(), [row(1, 3)]);
});

test("a row whose status is not shown leaves", () => {
  const store = queue(row(1, 1));
  assert.equal(store.put(row(1, 2, "paid")), true);
  assert.deepEqual(store.transactions(), []);
});

test("a late event does not bring back a row that left", () => {
  const store = queue();
  assert.equal(store.put(row(1, 4, "paid")), false);
  assert.equal(store.put(row(1, 3)), false);
  assert.deepEqual(store.transactions(), []);
});

test("a late event does not bring back a row that a snapshot took away", () => {
  const store = queue(row(1, 3));
  store.replace({ transactions: [] });
  assert.equal(store.put(row(1, 2)), false);
});

test("a row that left comes back with newer news", () => {
  const store = queue(row(1, 1));
  store.put(row(1, 2, "awaiting_payment"));
  assert.equal(store.put(row(1, 3)), true);
  assert.deepEqual(store.transactions(), [row(1, 3)]);
});

test("a snapshot is believed even when its versions are lower", () => {
  const store = queue(row(1, 9));
  store.replace({ transactions: [row(1, 1)] });
  assert.equal(store.put(row(1, 2)), true);
});

test("rows stand in the order they queued", () => {
  const store = queue(
    row(3, 1, "finished", { queued_at: "2026-01-01T10:02:00+08:00" }),
    row(2, 1, "finished", { queued_at: "2026-01-01T10:01:00+08:00" }),
    row(1, 1, "finished", { queued_at: "2026-01-01T10:02:00+08:00" }),
  );
  assert.deepEqual(
    store.transactions().map(({ id }) => id),
    [2, 1, 3],
  );
});

test("rooms follow their own versions, sorted by number", () => {
  const store = queue();
  /**
   * @param {string} number
   * @param {number} version
   * @param {Wire.RoomStatus} status
   */
  const room = (number, version, status) => roomOf({ number, version, status });
  store.replace({ rooms: [room("10", 1, "available"), room("2", 1, "available")] });
  assert.equal(store.putRoom(room("2", 2, "preparing")), true);
  assert.equal(store.putRoom(room("2", 1, "available")), false);
  assert.deepEqual(store.rooms(), [room("2", 2, "preparing"), room("10", 1, "available")]);
});

test("a store without a list of statuses shows them all", () => {
  const store = new FloorStore();
  store.put(row(1, 1, "cancelled"));
  assert.equal(store.transactions().length, 1);
});

test("any order of the same events ends on the same screen", () => {
  const events = [row(1, 1), row(1, 2, "awaiting_payment"), row(1, 3), row(1, 4, "paid")];
  for (const order of permutations(events)) {
    const store = queue();
    for (const event of order) store.put(event);
    assert.deepEqual(store.transactions(), []);
  }
});

/**
 * @template T
 * @param {T[]} list
 * @returns {T[][]}
 */
function permutations(list) {
  if (list.length < 2) return [list];
  return list.flatMap((first, at) =>
    permutations(list.toSpliced(at, 1)).map((rest) => [first, ...rest]),
  );
}

test("a therapist's newest presence is shown and summed up in the digest", () => {
  const store = new FloorStore();
  store.replace({
    therapists: [therapist({ id: 1, version: 4 }), therapist({ id: 2, presence: "off_duty" })],
  });
  assert.equal(store.putTherapist(therapist({ id: 2, presence: "on_break", version: 9 })), true);
  assert.equal(store.putTherapist(therapist({ id: 2, version: 8 })), false);
  assert.deepEqual(
    store.therapists().map(({ presence }) => presence),
    ["on_duty", "on_break"],
  );
  assert.equal(store.digest().presence, 13);
});

test("who clocks out has the version of what ended, and counts no more", () => {
  const store = new FloorStore();
  store.replace({ therapists: [therapist({ id: 1, version: 4 })] });
  assert.equal(store.putTherapist(therapist({ id: 1, presence: "off_duty", version: 4 })), true);
  assert.equal(store.digest().presence, 0);
});

test("a therapist whom the screen does not know waits for the next snapshot", () => {
  assert.equal(new FloorStore().putTherapist(therapist({ id: 1, version: 4 })), false);
});

test("a list whose members did not change stays the list that is shown", () => {
  const store = queue(row(1, 1), row(2, 1));
  const shown = listOf(store.transactions(), []);
  store.put(row(1, 1));
  assert.equal(listOf(store.transactions(), shown), shown);
});

test("a list with a changed, another or a missing member is a new, frozen list", () => {
  const [first, second, third] = [row(1, 1), row(2, 1), row(3, 1)];
  const shown = listOf([first, second], []);
  for (const members of [[first, row(2, 2)], [second, first], [first], [first, second, third]]) {
    const list = listOf(members, shown);
    assert.equal(list, members);
    assert.ok(Object.isFrozen(list));
  }
});
