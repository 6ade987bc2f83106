import assert from "node:assert/strict";
import { test } from "node:test";

import { duty, waits } from "../../../static/js/lib/statistics.js";

const NOON = Date.parse("2026-11-22T12:00:00+00:00");
const waiting = (time) => ({ status: "pending_therapist", queued_at: `2026-11-22T${time}:00+00:00` });

test("waiting customers are counted, with their average and longest wait", () => {
  const rows = [waiting("11:30"), waiting("11:50"), { ...waiting("09:00"), status: "finished" }];
  assert.deepEqual(waits(rows, NOON), { count: 2, average: 20, longest: 30 });
});

test("nobody waiting waits no time", () => {
  assert.deepEqual(waits([], NOON), { count: 0, average: 0, longest: 0 });
});

test("who has a customer is busy, the others on duty are free", () => {
  const rows = [
    { status: "therapist_confirmed", therapist_id: 1 },
    { status: "in_service", therapist_id: 2 },
    { status: "finished", therapist_id: 3 },
    { status: "paying", therapist_id: 3, cashier_id: 8 },
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
  const rows = [{ status: "in_service", therapist_id: 1 }];
  assert.equal(duty(rows, { therapists: 0, cashiers: 0 }).therapistsFree, 0);
});
