import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { MeantStep } from "../../../static/js/lib/hold_to_confirm.js";

function step() {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const seen = { done: 0, stage: "" };
  const meant = new MeantStep({
    act: () => (seen.done += 1),
    show: (stage) => (seen.stage = stage),
    now: () => Date.now(),
  });
  return { meant, seen, pass: (milliseconds) => mock.timers.tick(milliseconds) };
}

test("held for a second it is done, once", () => {
  const { meant, seen, pass } = step();
  meant.down();
  pass(999);
  assert.deepEqual(seen, { done: 0, stage: "holding" });
  pass(1);
  meant.up();
  meant.tap();
  assert.deepEqual(seen, { done: 1, stage: "" });
});

test("let go too early it only asks", () => {
  const { meant, seen, pass } = step();
  meant.down();
  pass(500);
  meant.up();
  meant.tap();
  pass(600);
  assert.deepEqual(seen, { done: 0, stage: "asked" });
});

test("a second tap within five seconds is meant", () => {
  const { meant, seen, pass } = step();
  meant.tap();
  pass(4900);
  meant.tap();
  assert.equal(seen.done, 1);
});

test("a second tap later is a first tap again", () => {
  const { meant, seen, pass } = step();
  meant.tap();
  pass(5100);
  assert.equal(seen.stage, "");
  meant.tap();
  assert.deepEqual(seen, { done: 0, stage: "asked" });
});

test("two taps of a wet finger are one", () => {
  const { meant, seen, pass } = step();
  meant.tap();
  pass(100);
  meant.tap();
  assert.deepEqual(seen, { done: 0, stage: "asked" });
});

test("done by a second press, it is not done again when nobody lets go", () => {
  const { meant, seen, pass } = step();
  meant.tap();
  pass(1000);
  meant.down();
  meant.tap();
  pass(2000);
  assert.equal(seen.done, 1);
});
