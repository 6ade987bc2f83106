import assert from "node:assert/strict";
import { test } from "node:test";

import { CallOrder, NewCalls, pageOf, placesOf } from "../../../static/js/lib/board.js";

const rows = (/** @type {number[]} */ ...ids) => ids.map((id) => ({ id }));

test("the newest call stands first, whatever its number", () => {
  const order = new CallOrder();
  order.newestFirst(rows(7));
  assert.deepEqual(order.newestFirst(rows(3, 7)), rows(3, 7));
  assert.deepEqual(order.newestFirst(rows(3, 5, 7)), rows(5, 3, 7));
});

test("someone called again is new again", () => {
  const order = new CallOrder();
  order.newestFirst(rows(1));
  order.newestFirst(rows(1, 2));
  order.newestFirst(rows(2));
  assert.deepEqual(order.newestFirst(rows(1, 2)), rows(1, 2));
});

test("a recall puts a call on top again", () => {
  const order = new CallOrder();
  order.newestFirst(rows(1));
  order.newestFirst(rows(1, 2));
  const again = [
    { id: 1, calls: 2 },
    { id: 2, calls: 1 },
  ];
  assert.deepEqual(order.newestFirst(again), again);
});

test("what was called before the screen was there is no news", () => {
  const news = new NewCalls();
  assert.deepEqual(news.of(rows(1)), []);
  assert.deepEqual(news.of(rows(1, 2)), rows(2));
  assert.deepEqual(news.of(rows(1, 2)), []);
});

test("being called again is news", () => {
  const news = new NewCalls();
  news.of([{ id: 1, calls: 1 }]);
  assert.deepEqual(news.of([{ id: 1, calls: 2 }]), [{ id: 1, calls: 2 }]);
});

test("a long list is shown a page at a time, and nothing is left out", () => {
  const list = [1, 2, 3, 4, 5];
  assert.deepEqual(
    [0, 1, 2, 3].map((turn) => pageOf(list, 2, turn)),
    [[1, 2], [3, 4], [5], [1, 2]],
  );
  assert.deepEqual(pageOf([], 2, 3), []);
});

test("a page of a long list says which places it shows", () => {
  const list = [1, 2, 3, 4, 5];
  assert.deepEqual(
    [0, 1, 2, 3].map((turn) => placesOf(list, 2, turn)),
    ["1–2", "3–4", "5", "1–2"],
  );
  assert.equal(placesOf(list, 5, 1), "");
});
