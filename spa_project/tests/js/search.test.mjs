import assert from "node:assert/strict";
import { test } from "node:test";
import { find } from "../../../static/js/lib/search.js";

const service = (name, description = "", classification = "60 minutes") => ({
  name,
  description,
  classifications: [{ classification }],
});
const MENU = {
  categories: [
    { name: "Massage", services: [service("Hilot", "warm oil"), service("Bamboo Massage")] },
    { name: "Face", services: [service("Peeling à la crème", "after a massage", "Short")] },
  ],
};
const names = (query) => find(MENU, query).map(({ name }) => name);

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
