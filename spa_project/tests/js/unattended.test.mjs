import assert from "node:assert/strict";
import { test } from "node:test";
import { untilHour } from "../../../static/js/lib/unattended.js";

const HOUR = 3_600_000;

test("at three the night's hour is one hour away", () => {
  assert.equal(untilHour(4, new Date(2026, 10, 22, 3, 0)), HOUR);
});

test("at the hour itself it is a day away", () => {
  assert.equal(untilHour(4, new Date(2026, 10, 22, 4, 0)), 24 * HOUR);
});

test("in the evening it is the next morning's", () => {
  assert.equal(untilHour(4, new Date(2026, 10, 30, 22, 30)), 5.5 * HOUR);
});
