import assert from "node:assert/strict";
import { test } from "node:test";
import { find, findCustomers, findOffers } from "../../../static/js/lib/search.js";
import { category, offer, service as serviceOf } from "./fixtures.mjs";

/**
 * @param {string} name
 * @param {string} [description]
 * @param {string} [classification]
 */
const service = (name, description = "", classification = "60 minutes") =>
  serviceOf({ name, description, classifications: [offer({ classification })] });
const MENU = {
  categories: [
    category({ services: [service("Hilot", "warm oil"), service("Bamboo Massage")] }),
    category({
      name: "Face",
      services: [service("Peeling à la crème", "after a massage", "Short")],
    }),
  ],
};
const names = (/** @type {string} */ query) => find(MENU, query).map(({ name }) => name);

test("parts of words are enough, in any order", () => {
  assert.deepEqual(names("mass bam"), ["Bamboo Massage"]);
});

test("accents and capitals do not matter", () => {
  assert.deepEqual(names("CREME"), ["Peeling à la crème"]);
});

test("what is called so comes before what only speaks of it", () => {
  assert.deepEqual(names("massage"), ["Bamboo Massage", "Hilot", "Peeling à la crème"]);
});

test("headings, descriptions and durations are searched too", () => {
  assert.deepEqual(names("face short"), ["Peeling à la crème"]);
  assert.deepEqual(names("oil"), ["Hilot"]);
});

test("what nobody offers is not found", () => {
  assert.deepEqual(names("haircut"), []);
});

const OFFERS = [
  { service: "Swedish Massage", classification: "60 minutes" },
  { service: "Swedish Massage", classification: "90 minutes" },
  { service: "Crème Facial", classification: "Deluxe" },
];

test("an offer is found by the beginnings of its words", () => {
  assert.deepEqual(findOffers(OFFERS, "swe 90"), [OFFERS[1]]);
  assert.deepEqual(findOffers(OFFERS, "CREME"), [OFFERS[2]]);
  assert.deepEqual(findOffers(OFFERS, "sage"), []);
});

test("no offers for nothing asked, and a long list is cut", () => {
  assert.deepEqual(findOffers(OFFERS, "  "), []);
  assert.equal(findOffers(OFFERS, "m", 1).length, 1);
});

const customers = [
  { code: "0017", customer_name: "María Concepción Reyes" },
  { code: "0042", customer_name: "" },
  { code: "0171", customer_name: "Ben" },
];
const codes = (/** @type {string} */ query) =>
  findCustomers(customers, query).map(({ code }) => code);

test("customers are found by a part of their number", () => {
  assert.deepEqual(codes("17"), ["0017", "0171"]);
});

test("customers are found by how words of their name begin, without accents", () => {
  assert.deepEqual(codes("rey maria"), ["0017"]);
  assert.deepEqual(codes("eyes"), []);
});

test("nothing typed finds everyone in the line", () => {
  assert.deepEqual(codes(" "), ["0017", "0042", "0171"]);
});
