import assert from "node:assert/strict";
import { test } from "node:test";

import { keyOf, press, tidy } from "../../../static/js/lib/keypad.js";

const typed = (/** @type {string[]} */ ...keys) => keys.reduce(press, "");

test("keys make an amount", () => {
  assert.equal(typed("1", "5", "0"), "150");
  assert.equal(typed("1", "5", "0", ".", "5"), "150.5");
  assert.equal(typed("5", "00"), "500");
  assert.equal(typed(".", "5"), "0.5");
});

test("a key that would make nonsense changes nothing", () => {
  assert.equal(typed("1", ".", "."), "1.");
  assert.equal(typed("1", ".", "5", "0", "9"), "1.50");
  assert.equal(typed("0", "0", "7"), "7");
  assert.equal(typed(..."123456789"), "12345678");
});

test("there is a way back", () => {
  assert.equal(typed("1", "5", "back"), "1");
  assert.equal(typed("1", "5", "clear"), "");
  assert.equal(typed("back"), "");
});

test("habits of typing are forgiven", () => {
  assert.equal(tidy(" 1,500.00 "), "1500.00");
  assert.equal(tidy("1 500"), "1500");
  assert.equal(tidy("150,50"), "150.50");
  assert.equal(tidy("1,234,567"), "1234567");
});

test("the keyboard's number keys are the pad's", () => {
  assert.equal(keyOf("7"), "7");
  assert.equal(keyOf(","), ".");
  assert.equal(keyOf("Backspace"), "back");
  for (const key of ["a", "F5", "Shift", "-", "٣"]) assert.equal(keyOf(key), null, key);
});
