import assert from "node:assert/strict";
import { test } from "node:test";

import { countBelow, densityOf } from "../../../static/js/lib/crowding.js";

test("many tiles are drawn smaller", () => {
  assert.equal(densityOf(0), "roomy");
  assert.equal(densityOf(8), "roomy");
  assert.equal(densityOf(16), "dense");
  assert.equal(densityOf(40), "packed");
});

test("a narrow screen draws fewer of them as small", () => {
  assert.equal(densityOf(4, false), "roomy");
  assert.equal(densityOf(12, false), "dense");
  assert.equal(densityOf(16, false), "packed");
});

const rows = [0, 100, 200, 300].map((offsetTop) => ({ offsetTop, offsetHeight: 90 }));

test("rows that end below the list's frame are counted", () => {
  assert.equal(countBelow({ scrollTop: 0, clientHeight: 250 }, rows), 2);
});

test("scrolled to its end, a list has nothing below", () => {
  assert.equal(countBelow({ scrollTop: 140, clientHeight: 250 }, rows), 0);
});
