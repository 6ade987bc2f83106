/** Whom a therapist may call, and the words of a request. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { callableBy, mayCall, waitsForOne } from "../../../static/js/lib/lanes.js";
import { transaction } from "./fixtures.mjs";

const MAYA = { id: 3, gender: "woman" };
const NOOR = { id: 4, gender: "man" };
const UNTIL = "2026-01-01T09:15:00+08:00";

const forMaya = transaction({ id: 1, requested_therapist: "Maya", requested_therapist_id: 3 });
const agreed = transaction({ ...forMaya, id: 2, preference: "anyone", request_until: UNTIL });
const over = transaction({ ...agreed, id: 3, request_until: null });
const woman = transaction({ id: 4, preference: "woman" });
const anyone = transaction({ id: 5 });

test("who agreed to nobody else waits for one therapist, who agreed until the minutes are over", () => {
  assert.deepEqual([forMaya, agreed, over, woman, anyone].map(waitsForOne), [
    true,
    true,
    false,
    false,
    false,
  ]);
});

test("nobody else may call who asked for a therapist", () => {
  assert.equal(mayCall(forMaya, MAYA), true);
  assert.equal(mayCall(forMaya, NOOR), false);
  assert.equal(mayCall(over, NOOR), true);
});

test("a woman is called by women", () => {
  assert.equal(mayCall(woman, MAYA), true);
  assert.equal(mayCall(woman, NOOR), false);
  assert.equal(mayCall(woman, { id: 5, gender: "" }), false);
});

test("own requests come first, then the others in their order", () => {
  const line = [anyone, woman, forMaya];
  assert.deepEqual(callableBy(line, MAYA), [forMaya, anyone, woman]);
  assert.deepEqual(callableBy(line, NOOR), [anyone]);
});

test("who needs skills is called by who has all of them", () => {
  const skills = [
    { name: "Hot stone", therapist_ids: [3, 4] },
    { name: "Prenatal", therapist_ids: [3] },
  ];
  const stones = transaction({ id: 6, skills: ["Hot stone"] });
  const both = transaction({ id: 7, skills: ["Hot stone", "Prenatal"] });
  assert.deepEqual(callableBy([both, stones, anyone], NOOR, skills), [stones, anyone]);
  assert.deepEqual(callableBy([both, stones, anyone], MAYA, skills), [both, stones, anyone]);
  assert.deepEqual(callableBy([both, stones], { id: 5, gender: "" }, skills), []);
});

test("a skill that nobody has any more is nobody's", () => {
  assert.equal(mayCall(transaction({ skills: ["Shiatsu"] }), MAYA, []), false);
});
