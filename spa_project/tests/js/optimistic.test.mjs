import assert from "node:assert/strict";
import { test } from "node:test";
import { OptimisticState } from "../../../static/js/lib/optimistic.js";
import {
  finished,
  roomSet,
  started,
  withoutItem,
  withService,
} from "../../../static/js/lib/optimistic_steps.js";
import {
  item as anItem,
  offer as anOffer,
  room as aRoom,
  transaction as transactionOf,
} from "./fixtures.mjs";

/** @type {Wire.Status[]} */
const SHOWS = ["therapist_confirmed", "in_service"];
const NOW = "2026-01-01T10:00:00.000Z";
/**
 * @param {number} id
 * @param {string} price
 * @param {number} duration_minutes
 */
const item = (id, price, duration_minutes) => anItem({ id, price, duration_minutes });
/** @param {Partial<Wire.TransactionData>} [more] */
const visit = (more) =>
  transactionOf({
    id: 1,
    version: 3,
    status: "therapist_confirmed",
    items: [item(7, "0.10", 30), item(8, "0.20", 45)],
    total_amount: "0.30",
    total_duration_minutes: 75,
    ...more,
  });
/**
 * @param {number} [version]
 * @param {Wire.RoomStatus} [status]
 */
const room = (version = 5, status = "occupied") => aRoom({ number: "2", version, status });

/** @param {import("../../../static/js/lib/optimistic.js").OptimisticUpdate} update */
function showing(update) {
  const optimistic = new OptimisticState();
  optimistic.show(update);
  return optimistic;
}

test("a start shows at once, on the row it was made from", () => {
  const optimistic = showing(started(visit(), NOW));
  const [first, second] = optimistic.transactions([visit(), visit({ id: 2 })], SHOWS);
  assert.deepEqual([first?.status, first?.service_start_at], ["in_service", NOW]);
  assert.equal(second?.status, "therapist_confirmed");
});

test("newer news of the row ends the update", () => {
  const news = visit({ version: 4, status: "cancelled" });
  const optimistic = showing(started(visit(), NOW));
  assert.deepEqual(optimistic.transactions([news]), [news]);
});

test("an update taken back leaves what the server said", () => {
  const optimistic = showing(finished(visit(), room()));
  optimistic.drop();
  assert.deepEqual(optimistic.transactions([visit()], SHOWS), [visit()]);
  assert.deepEqual(optimistic.rooms([room()]), [room()]);
});

test("a finished customer leaves the desk and the room is to be prepared", () => {
  const optimistic = showing(finished(visit({ status: "in_service" }), room()));
  assert.deepEqual(optimistic.transactions([visit({ status: "in_service" })], SHOWS), []);
  assert.deepEqual(optimistic.rooms([room()]), [room(5, "preparing")]);
});

test("a therapist without a room can finish too", () => {
  const optimistic = showing(finished(visit(), null));
  assert.deepEqual(optimistic.rooms([room()]), [room()]);
});

test("after the answer only the room is still optimistic, until its own news", () => {
  const optimistic = showing(finished(visit(), room()));
  optimistic.confirm();
  assert.deepEqual(optimistic.transactions([visit()], SHOWS), [visit()]);
  assert.deepEqual(optimistic.rooms([room()]), [room(5, "preparing")]);
  assert.deepEqual(optimistic.rooms([room(6, "available")]), [room(6, "available")]);
});

test("a service added is pending, with sums in whole cents", () => {
  const offer = anOffer({ classification: "60 minutes", price: "130.10", duration_minutes: 60 });
  const { transaction } = withService(visit(), { name: "Shiatsu" }, offer);
  /** @type {(Wire.ItemData & { pending?: boolean }) | undefined} */
  const added = transaction?.items.at(-1);
  assert.deepEqual(
    [added?.service_name, added?.price, added?.pending],
    ["Shiatsu", "130.10", true],
  );
  assert.equal(transaction?.total_amount, "130.40");
  assert.equal(transaction?.total_duration_minutes, 135);
});

test("a service taken out is gone at once, and so is its price", () => {
  const { transaction } = withoutItem(visit(), 7);
  assert.deepEqual(transaction?.items, [item(8, "0.20", 45)]);
  assert.equal(transaction?.total_amount, "0.20");
});

test("a room set by hand shows at once", () => {
  assert.deepEqual(showing(roomSet(room(), "available")).rooms([room()]), [room(5, "available")]);
});

test("a new update takes the place of the one before", () => {
  const optimistic = showing(started(visit(), NOW));
  optimistic.show(roomSet(room(), "available"));
  assert.deepEqual(optimistic.transactions([visit()]), [visit()]);
});
