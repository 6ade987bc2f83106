import assert from "node:assert/strict";
import { test } from "node:test";

import { PAID_SHOWN_MS, saleShown } from "../../../static/js/lib/display.js";

const NOW = Date.parse("2026-11-22T09:00:30Z");
const open = { id: 2, status: "awaiting_payment", paid_at: null };
const paid = { id: 1, status: "paid", paid_at: "2026-11-22T09:00:00Z" };

test("the change stays until the next customer is claimed", () => {
  assert.equal(saleShown([paid], NOW), paid);
  assert.equal(saleShown([paid, open], NOW), open);
});

test("the change stays for a minute at most", () => {
  const paidAt = Date.parse(paid.paid_at);
  assert.equal(saleShown([paid], paidAt + PAID_SHOWN_MS - 1), paid);
  assert.equal(saleShown([paid], paidAt + PAID_SHOWN_MS), null);
});

test("of two paid sales the last one is shown", () => {
  const later = { id: 3, status: "paid", paid_at: "2026-11-22T09:00:20Z" };
  assert.equal(saleShown([paid, later], NOW), later);
});
