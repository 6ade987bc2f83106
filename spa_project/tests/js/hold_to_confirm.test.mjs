import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { HoldToConfirm } from "../../../static/js/lib/hold_to_confirm.js";

function step() {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const seen = { done: 0, stage: "" };
  const button = new HoldToConfirm({
    act: () => (seen.done += 1),
    show: (stage) => (seen.stage = stage),
    now: () => Date.now(),
  });
  return {
    button,
    seen,
    pass: (/** @type {number} */ milliseconds) => mock.timers.tick(milliseconds),
  };
}

test("held for a second it is done, once", () => {
  const { button, seen, pass } = step();
  button.down();
  pass(999);
  assert.deepEqual(seen, { done: 0, stage: "holding" });
  pass(1);
  button.up();
  button.tap();
  assert.deepEqual(seen, { done: 1, stage: "" });
});

test("let go too early it only asks", () => {
  const { button, seen, pass } = step();
  button.down();
  pass(500);
  button.up();
  button.tap();
  pass(600);
  assert.deepEqual(seen, { done: 0, stage: "asked" });
});

test("a second tap within five seconds is meant", () => {
  const { button, seen, pass } = step();
  button.tap();
  pass(4900);
  button.tap();
  assert.equal(seen.done, 1);
});

test("a second tap later is a first tap again", () => {
  const { button, seen, pass } = step();
  button.tap();
  pass(5100);
  assert.equal(seen.stage, "");
  button.tap();
  assert.deepEqual(seen, { done: 0, stage: "asked" });
});

test("two taps of a wet finger are one", () => {
  const { button, seen, pass } = step();
  button.tap();
  pass(100);
  button.tap();
  assert.deepEqual(seen, { done: 0, stage: "asked" });
});

test("done by a second press, it is not done again when nobody lets go", () => {
  const { button, seen, pass } = step();
  button.tap();
  pass(1000);
  button.down();
  button.tap();
  pass(2000);
  assert.equal(seen.done, 1);
});
