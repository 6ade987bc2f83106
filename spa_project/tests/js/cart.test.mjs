import assert from "node:assert/strict";
import { test } from "node:test";

import { Cart, cartOf, offersOf, storedCart, withChanges } from "../../../static/js/lib/cart.js";
import { storedValue } from "../../../static/js/lib/stored_value.js";
import { fakeStorage } from "./fake_storage.mjs";
import { category, item, offer, service, transaction } from "./fixtures.mjs";

/**
 * @param {number} id
 * @param {string} price
 * @param {number} duration_minutes
 */
const tier = (id, price, duration_minutes) =>
  offer({ id, classification: `${duration_minutes} minutes`, price, duration_minutes });
const HILOT = [tier(1, "550.10", 60), tier(2, "750.20", 90)];
const MENU = {
  categories: [
    category({ services: [service({ id: 5, name: "Hilot", classifications: HILOT })] }),
    category({
      id: 2,
      name: "Foot",
      services: [service({ id: 6, name: "Foot spa", classifications: [tier(3, "0.30", 45)] })],
    }),
  ],
};

function open(storage = fakeStorage(), menu = MENU) {
  return new Cart(storedValue(storage, "cart.ermita"), offersOf(menu));
}

test("money and minutes add up to the cent", () => {
  const cart = open();
  for (const id of [1, 1, 2, 3, 3, 3]) cart.add(id);
  assert.equal(cart.total(), "1851.30");
  assert.equal(cart.minutes(), 345);
  assert.equal(cart.count(), 6);
  assert.equal(cart.items()[0].amount, "1100.20");
});

test("a cart survives a reload", () => {
  const storage = fakeStorage();
  const before = open(storage);
  before.add(1);
  before.name = "Lea";
  const after = open(storage);
  assert.equal(after.quantity(1), 1);
  assert.equal(after.name, "Lea");
});

test("a visit's treatments are ordered once more at the prices of the menu", () => {
  const storage = fakeStorage();
  const items = [1, 3, 1, 99].map((id) => item({ service_classification_id: id, price: "1.00" }));
  storedCart(storage, "ermita").set(cartOf(transaction({ items, customer_name: "Ana" })));
  const cart = open(storage);
  assert.equal(cart.dropUnknown(), 1);
  assert.equal(cart.total(), "1100.50");
  assert.equal(cart.name, "Ana");
});

test("taking the last one takes the line away", () => {
  const cart = open();
  cart.add(1);
  cart.takeOne(1);
  assert.deepEqual(cart.items(), []);
});

test("there is an end to how many of one can be chosen", () => {
  const cart = open();
  for (let times = 0; times < 30; times++) cart.add(1);
  assert.equal(cart.quantity(1), 9);
});

test("what left the menu leaves the cart, and is told", () => {
  const storage = fakeStorage();
  const before = open(storage);
  before.add(1);
  before.add(3);
  const after = open(storage, { categories: [MENU.categories[0]] });
  assert.equal(after.total(), "550.10");
  assert.equal(after.dropUnknown(), 1);
  assert.equal(after.dropUnknown(), 0);
});

test("an order names classifications, quantities and, if given, the customer", () => {
  const cart = open();
  cart.add(2);
  assert.deepEqual(cart.order(), {
    items: [{ service_classification_id: 2, quantity: 1 }],
    expected_total: "750.20",
  });
  cart.name = "  Lea ";
  assert.equal(cart.order().customer_name, "Lea");
});

test("an order carries the total that is displayed", () => {
  const cart = open();
  for (const id of [1, 1, 3]) cart.add(id);
  assert.equal(cart.order().expected_total, cart.total());
});

test("a cart that follows a new menu lists each price that is not as it was displayed", () => {
  const cart = open();
  for (const id of [1, 2, 3]) cart.add(id);
  const now = [tier(1, "650.10", 60), tier(2, "750.20", 90)];
  const changes = cart.follow(
    offersOf({
      categories: [
        category({ services: [service({ id: 5, name: "Hilot", classifications: now })] }),
      ],
    }),
  );
  assert.deepEqual(changes, [
    { id: 1, service: "Hilot", old: "550.10", now: "650.10" },
    { id: 3, service: "Foot spa", old: "0.30", now: null },
  ]);
  assert.equal(cart.total(), "1400.30");
  assert.equal(cart.order().expected_total, "1400.30");
});

test("changes continue from the price that was displayed first, and end where it is the same", () => {
  const earlier = [
    { id: 1, service: "Hilot", old: "550.10", now: "650.10" },
    { id: 2, service: "Hilot", old: "750.20", now: "800.00" },
  ];
  const later = [
    { id: 1, service: "Hilot", old: "650.10", now: "700.00" },
    { id: 2, service: "Hilot", old: "800.00", now: "750.20" },
  ];
  assert.deepEqual(withChanges(earlier, later), [
    { id: 1, service: "Hilot", old: "550.10", now: "700.00" },
  ]);
});

test("a browser that stores nothing still sells", () => {
  const refusing = { getItem: refuse, setItem: refuse, removeItem: refuse };
  const cart = open(refusing);
  cart.add(1);
  assert.equal(cart.total(), "550.10");
});

/** @returns {never} */
function refuse() {
  throw new Error("storage is switched off");
}

test("an answer to the suggestion lasts for one order, over a reload", () => {
  const storage = fakeStorage();
  const cart = open(storage);
  cart.add(1);
  assert.equal(cart.isAsked, false);
  cart.isAsked = true;
  cart.add(2);
  assert.equal(open(storage).isAsked, true);
  cart.clear();
  cart.add(1);
  assert.equal(open(storage).isAsked, false);
});
