import assert from "node:assert/strict";
import { test } from "node:test";

import { counters, duty, urgencyOf, waits } from "../../../static/js/lib/statistics.js";
import { transaction } from "./fixtures.mjs";

const NOON = Date.parse("2026-11-22T12:00:00+00:00");
const waiting = (/** @type {string} */ time) =>
  transaction({ queued_at: `2026-11-22T${time}:00+00:00` });

test("waiting customers are counted, with their average and longest wait", () => {
  const rows = [
    waiting("11:30"),
    waiting("11:50"),
    transaction({ ...waiting("09:00"), status: "finished" }),
  ];
  assert.deepEqual(waits(rows, NOON), { count: 2, average: 20, longest: 30 });
});

test("nobody waiting waits no time", () => {
  assert.deepEqual(waits([], NOON), { count: 0, average: 0, longest: 0 });
});

test("who has a customer is busy, the others on duty are free", () => {
  const rows = [
    transaction({ status: "therapist_confirmed", therapist_id: 1 }),
    transaction({ status: "in_service", therapist_id: 2 }),
    transaction({ status: "finished", therapist_id: 3 }),
    transaction({ status: "paying", therapist_id: 3, cashier_id: 8 }),
  ];
  assert.deepEqual(duty(rows, { therapists: 5, cashiers: 2 }), {
    therapistsBusy: 2,
    therapistsFree: 3,
    cashiersBusy: 1,
    customersToPay: 2,
    cashiers: 2,
  });
});

test("someone switched off in the middle of a treatment leaves nobody free, not less", () => {
  const rows = [transaction({ status: "in_service", therapist_id: 1 })];
  assert.equal(duty(rows, { therapists: 0, cashiers: 0 }).therapistsFree, 0);
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
    counters(cashiers, rows).map(({ row }) => row?.id),
    [4, undefined],
  );
});
