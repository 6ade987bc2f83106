import assert from "node:assert/strict";
import { test } from "node:test";
import { ROWS, withKey, withoutLast, withSpace } from "../../../static/js/lib/keyboard.js";

const typed = (/** @type {string} */ keys) =>
  [...keys].reduce((name, key) => (key === " " ? withSpace(name) : withKey(name, key)), "");

test("names are written as people write them", () => {
  assert.equal(typed("ANA MARÑO"), "Ana Marño");
  assert.equal(typed("O'BRIEN-CRUZ"), "O'Brien-Cruz");
});

test("there are no gaps but between words", () => {
  assert.equal(typed("  ANA  B"), "Ana B");
});

test("a letter can be taken back, to the first and no further", () => {
  assert.equal(withoutLast("Añ"), "A");
  assert.equal(withoutLast(""), "");
});

test("a name has an end", () => {
  assert.equal(typed("A".repeat(80)).length, 60);
});

test("every row fits beside the others", () => {
  assert.deepEqual(
    ROWS.map((row) => row.length),
    [10, 10, 10],
  );
});
