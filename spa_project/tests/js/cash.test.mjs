import assert from "node:assert/strict";
import { test } from "node:test";

import { inCash, likelyTenders } from "../../../static/js/lib/cash.js";

const CURRENCIES = ["AUD", "CAD", "EUR", "GBP", "INR", "MXN", "MYR", "PHP", "SGD", "THB", "USD"];

const pieces = (/** @type {number} */ sum, /** @type {string} */ currency) =>
  inCash(sum, currency).map(({ count, value }) => [count, value / 100]);
const sumOf = (/** @type {{ count: number, value: number }[]} */ parts) =>
  parts.reduce((sum, { count, value }) => sum + count * value, 0);

test("quick amounts begin with the exact sum and rise", () => {
  assert.deepEqual(likelyTenders(8700, "PHP"), [8700, 10000, 20000, 50000]);
  assert.deepEqual(likelyTenders(50000, "PHP"), [50000, 60000, 100000]);
});

test("quick amounts are sums of the currency's own notes", () => {
  assert.deepEqual(likelyTenders(8700, "USD"), [8700, 9000, 10000]);
  assert.deepEqual(likelyTenders(8700, "EUR"), [8700, 9000, 10000, 20000]);
  assert.deepEqual(likelyTenders(8700, "XXX"), [8700, 10000, 20000, 50000]);
});

test("quick amounts are what a hand holds: few notes, not the nearest sum", () => {
  assert.deepEqual(likelyTenders(135_000, "PHP"), [135_000, 140_000, 150_000, 200_000]);
  assert.deepEqual(likelyTenders(1_273_000, "PHP").at(-1), 1_300_000);
});

test("change is counted out in notes and coins, the largest first", () => {
  assert.deepEqual(pieces(110_300, "PHP"), [
    [1, 1000],
    [1, 100],
    [3, 1],
  ]);
  assert.deepEqual(pieces(3700, "PHP"), [
    [1, 20],
    [1, 10],
    [1, 5],
    [2, 1],
  ]);
  assert.deepEqual(pieces(1368, "EUR"), [
    [1, 10],
    [1, 2],
    [1, 1],
    [1, 0.5],
    [1, 0.1],
    [1, 0.05],
    [1, 0.02],
    [1, 0.01],
  ]);
});

test("notes are told from coins", () => {
  assert.deepEqual(
    inCash(2500, "PHP").map(({ kind }) => kind),
    ["note", "coin"],
  );
});

test("what is counted out adds up to the change", () => {
  for (const currency of CURRENCIES) {
    for (let sum = 0; sum < 250_000; sum += 500) assert.equal(sumOf(inCash(sum, currency)), sum);
  }
});

test("nothing is said where it would not add up, or the cash is not known", () => {
  assert.deepEqual(inCash(1003, "AUD"), []);
  assert.deepEqual(inCash(5000, "XXX"), []);
  assert.deepEqual(inCash(0, "PHP"), []);
});
