import assert from "node:assert/strict";
import { test } from "node:test";

import { counters, duty, occupation, urgencyOf, waits } from "../../../static/js/lib/statistics.js";
import { therapist, transaction } from "./fixtures.mjs";

/**
 * The statuses that each figure counts, as the server sends them with a page.
 * @type {Wire.StatusGroups}
 */
const GROUPS = {
  waiting: ["on_hold", "pending_therapist"],
  with_therapist: ["in_service", "therapist_confirmed"],
  ready_to_pay: ["finished"],
  with_cashier: ["awaiting_payment", "paying"],
};
const NOON = Date.parse("2026-11-22T12:00:00+00:00");
const waiting = (/** @type {string} */ time) =>
  transaction({ queued_at: `2026-11-22T${time}:00+00:00` });

test("waiting customers are counted, with their average and longest wait", () => {
  const rows = [
    waiting("11:30"),
    waiting("11:50"),
    transaction({ ...waiting("09:00"), status: "finished" }),
  ];
  assert.deepEqual(waits(rows, NOON, GROUPS), { count: 2, average: 20, longest: 30 });
});

test("who is on hold waits on, as long as since they came", () => {
  const rows = [
    waiting("11:50"),
    { ...waiting("11:48"), status: /** @type {const} */ ("on_hold") },
  ];
  assert.deepEqual(waits(rows, NOON, GROUPS), { count: 2, average: 11, longest: 12 });
});

test("a minute counts once it is over, in the average too", () => {
  const rows = [waiting("11:50"), transaction({ queued_at: "2026-11-22T11:50:10+00:00" })];
  assert.deepEqual(waits(rows, NOON, GROUPS), { count: 2, average: 9, longest: 10 });
});

test("nobody waiting waits no time", () => {
  assert.deepEqual(waits([], NOON, GROUPS), { count: 0, average: 0, longest: 0 });
});

test("who has a customer is busy, the others on duty are free, nobody else", () => {
  const therapists = [
    therapist({ id: 1, presence: "on_duty" }),
    therapist({ id: 2, presence: "break_next" }),
    therapist({ id: 3, presence: "on_duty" }),
    therapist({ id: 4, presence: "on_break" }),
    therapist({ id: 5, presence: "off_duty" }),
  ];
  const rows = [
    transaction({ status: "therapist_confirmed", therapist_id: 1 }),
    transaction({ status: "in_service", therapist_id: 2 }),
    transaction({ status: "finished", therapist_id: 3 }),
    transaction({ status: "paying", therapist_id: 3, cashier_id: 8 }),
  ];
  assert.deepEqual(duty(rows, { therapists, cashiers: 2 }, GROUPS), {
    therapistsBusy: 2,
    therapistsFree: 1,
    cashiersBusy: 1,
    readyToPay: 1,
    cashiers: 2,
  });
});

test("someone switched off in the middle of a treatment leaves nobody free, not less", () => {
  const rows = [transaction({ status: "in_service", therapist_id: 1 })];
  assert.equal(duty(rows, { therapists: [], cashiers: 0 }, GROUPS).therapistsFree, 0);
});

test("a wait is long after ten minutes and too long after twenty", () => {
  assert.deepEqual([10, 11, 20, 21].map(urgencyOf), ["", "long", "long", "too-long"]);
});

test("each counter has the customer who pays there", () => {
  const cashiers = [
    { id: 8, name: "Jun", counter_number: "1" },
    { id: 9, name: "Ines", counter_number: "2" },
  ];
  const rows = [
    transaction({ id: 3, status: "paid", cashier_id: 9 }),
    transaction({ id: 4, status: "paying", cashier_id: 8 }),
  ];
  assert.deepEqual(
    counters(cashiers, rows, GROUPS).map(({ row }) => row?.id),
    [4, undefined],
  );
});

test("therapists stand free ones first, then by when they are free again", () => {
  const begun = /** @type {const} */ ({
    status: "in_service",
    service_start_at: "2026-11-22T11:30:00+00:00",
  });
  const rows = [
    transaction({ ...begun, therapist_id: 1, total_duration_minutes: 90 }),
    transaction({ ...begun, therapist_id: 2, total_duration_minutes: 60 }),
    transaction({ status: "therapist_confirmed", therapist_id: 4 }),
  ];
  const people = [4, 1, 2, 3].map((id) => therapist({ id }));
  people.push(therapist({ id: 5, presence: "off_duty" }));
  const shown = occupation(people, rows, GROUPS);
  assert.deepEqual(
    shown.map(({ id, until }) => [id, until && new Date(until).toISOString().slice(11, 16)]),
    [
      [3, null],
      [2, "12:30"],
      [1, "13:00"],
      [4, null],
    ],
  );
});
