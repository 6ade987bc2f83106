import assert from "node:assert/strict";
import { test } from "node:test";

import { categoriesOf } from "../../../static/js/lib/categories.js";
import { OrderEdit } from "../../../static/js/lib/order_edit.js";

/**
 * @param {number} id
 * @param {string} price
 */
const item = (id, price) => ({
  id: 100 + id,
  service_id: 5,
  service_classification_id: id,
  service_name: "Hilot",
  classification: `${id}`,
  price,
  duration_minutes: 30,
  consent: null,
});
/**
 * @param {number} id
 * @param {string} price
 */
const offer = (id, price) => ({
  id,
  skill: null,
  service: "Hilot",
  classification: `${id}`,
  price,
  duration_minutes: 30,
});
const hour = offer(1, "500.00");
const menu = new Map([
  [1, hour],
  [2, offer(2, "100.50")],
]);

test("equal treatments are one line", () => {
  const edit = new OrderEdit([item(1, "400.00"), item(2, "100.50"), item(1, "400.00")]);
  assert.deepEqual(
    edit.lines(menu).map(({ id, quantity, amount }) => [id, quantity, amount]),
    [
      [1, 2, "800.00"],
      [2, 1, "100.50"],
    ],
  );
});

test("what was ordered keeps its price, one more has the menu's", () => {
  const edit = new OrderEdit([item(1, "400.00")]);
  edit.add(hour);
  assert.equal(edit.total(menu), "900.00");
  assert.equal(edit.minutes(), 60);
  edit.takeOne(1);
  assert.equal(edit.total(menu), "400.00");
});

test("the last treatment stays", () => {
  const edit = new OrderEdit([item(1, "400.00")]);
  edit.takeOne(1);
  assert.deepEqual(edit.items(), [{ service_classification_id: 1, quantity: 1 }]);
});

test("what is taken off the menu may stay, but not grow", () => {
  const [line] = new OrderEdit([item(9, "70.00")]).lines(menu);
  assert.deepEqual([line.amount, line.mayAdd], ["70.00", false]);
});

test("a removed line is no longer sent", () => {
  const edit = new OrderEdit([item(1, "400.00"), item(2, "100.50")]);
  edit.takeOne(1);
  assert.deepEqual(edit.items(), [{ service_classification_id: 2, quantity: 1 }]);
});

test("a category has the keys of its treatments and options", () => {
  const service = { id: 5, name: "Hilot", description: "", image_url: "", skill: null };
  const services = [{ ...service, classifications: [...menu.values()] }];
  const [category] = categoriesOf({
    categories: [{ id: 3, name: "Massage", description: "", add_ons: false, services }],
  });
  assert.deepEqual([...category.offers], [1, 2]);
  assert.deepEqual([...category.services], [5]);
});
