import assert from "node:assert/strict";
import { test } from "node:test";

import { answersOf, isUnanswered, latestAnswer } from "../../../static/js/lib/consent.js";
import { item, transaction } from "./fixtures.mjs";

/**
 * @param {Wire.ItemData["consent"]} consent
 * @param {Wire.ItemData["consent"][]} declined
 */
function visit(consent, ...declined) {
  return transaction({
    items: [item({ id: 1 }), item({ id: 2, consent })],
    declined: declined.map((each, place) => item({ id: 3 + place, consent: each })),
  });
}

test("a visit is unanswered while one of its treatments waits for an answer", () => {
  assert.equal(isUnanswered(visit("asked")), true);
  assert.equal(isUnanswered(visit("accepted")), false);
  assert.equal(isUnanswered(visit(null, "declined")), false);
});

test("an answer is heard when it comes", () => {
  const before = answersOf(visit("asked"));
  const [accepted, declined] = [visit("accepted"), visit("asked", "declined")];
  assert.equal(latestAnswer(accepted, answersOf(accepted), before)?.id, 2);
  assert.equal(latestAnswer(declined, answersOf(declined), before)?.id, 3);
});

test("of several declined treatments the last one is heard", () => {
  const [one, two] = [visit("asked", "declined"), visit("asked", "declined", "declined")];
  assert.equal(latestAnswer(two, answersOf(two), answersOf(one))?.id, 4);
});

test("what the therapist recorded is no answer to be told", () => {
  const agreed = visit("in_person");
  assert.equal(answersOf(agreed), answersOf(visit("asked")));
});

test("the answers of another visit are not heard with it", () => {
  const accepted = visit("accepted");
  assert.equal(latestAnswer(accepted, answersOf(accepted), ""), null);
  const other = answersOf({ ...visit("asked"), id: 9 });
  assert.equal(latestAnswer(accepted, answersOf(accepted), other), null);
});
