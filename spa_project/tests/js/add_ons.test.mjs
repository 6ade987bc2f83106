import assert from "node:assert/strict";
import { test } from "node:test";

import { suggestedAddOns } from "../../../static/js/lib/add_ons.js";
import { category, offer, service } from "./fixtures.mjs";

/**
 * @param {number} id
 * @param {number[]} offers
 */
const sold = (id, ...offers) =>
  service({
    id,
    name: `Service ${id}`,
    classifications: offers.map((each) => offer({ id: each })),
  });
const EXTRAS = [sold(2, 20, 21), sold(3, 30), sold(4, 40), sold(5, 50)];
const MENU = {
  categories: [
    category({ services: [sold(1, 10, 11)] }),
    category({ id: 2, add_ons: true, services: EXTRAS }),
  ],
};
/** @param {number[]} ids */
const suggested = (...ids) =>
  suggestedAddOns(
    MENU,
    ids.map((id) => ({ id })),
  ).map(({ id }) => id);

test("a treatment brings the first option of the first three add-ons", () => {
  assert.deepEqual(suggested(10), [20, 30, 40]);
});

test("an order without a treatment, or with an add-on, is suggested nothing", () => {
  assert.deepEqual(suggested(), []);
  assert.deepEqual(suggested(10, 21), []);
});

test("a menu without add-ons suggests nothing", () => {
  assert.deepEqual(suggestedAddOns({ categories: MENU.categories.slice(0, 1) }, [{ id: 10 }]), []);
});
