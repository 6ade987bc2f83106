import assert from "node:assert/strict";
import { test } from "node:test";

import { fromCents, moneyFormat, splitEvenly, toCents } from "../../../static/js/lib/money.js";

test("an amount is read into whole cents", () => {
  assert.equal(toCents("130.00"), 13000);
  assert.equal(toCents("130"), 13000);
  assert.equal(toCents("130."), 13000);
  assert.equal(toCents("130.5"), 13050);
  assert.equal(toCents("0.29"), 29);
});

test("what is not an amount is refused", () => {
  for (const text of ["", ".", "-1", "1e3", "NaN", "1,50", "1.234", "٣", "123456789", " 1"]) {
    assert.equal(toCents(text), null, text);
  }
});

test("cents are written with two decimals", () => {
  assert.equal(fromCents(13000), "130.00");
  assert.equal(fromCents(5), "0.05");
  assert.equal(fromCents(0), "0.00");
  assert.equal(fromCents(-1250), "-12.50");
});

test("every sum of cents survives the way there and back", () => {
  for (let cents = 0; cents < 20_000; cents += 7) assert.equal(toCents(fromCents(cents)), cents);
});

test("money is shown in the currency of the spa", () => {
  assert.equal(moneyFormat("en", "PHP")("1300.50"), "₱1,300.50");
  assert.equal(moneyFormat("fil", "PHP")("1300.50"), "₱1,300.50");
  assert.equal(moneyFormat("es", "PHP")("1300.50"), "1.300,50\u00a0₱");
});

test("equal parts add up, and the first take the cents that are left", () => {
  assert.deepEqual(splitEvenly(10_001, 2), [5001, 5000]);
  assert.deepEqual(splitEvenly(100, 3), [34, 33, 33]);
  assert.deepEqual(splitEvenly(0, 2), [0, 0]);
});
