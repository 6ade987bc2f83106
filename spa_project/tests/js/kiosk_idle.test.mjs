import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { KioskIdleTimer } from "../../../static/js/lib/kiosk_idle.js";

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setInterval"] });
});

function watch(isNeeded = true) {
  const kiosk = { asked: 0, over: 0, left: NaN };
  const timer = new KioskIdleTimer({
    onPrompt: () => kiosk.asked++,
    onCountdown: (seconds) => {
      kiosk.left = seconds;
    },
    onTimeout: () => kiosk.over++,
    isNeeded: () => isNeeded,
  });
  return { kiosk, timer };
}

const pass = (/** @type {number} */ seconds) => mock.timers.tick(seconds * 1000);

test("a quiet minute is asked about, half a minute later all is cleared", () => {
  const { kiosk } = watch();
  pass(59);
  assert.equal(kiosk.asked, 0);
  pass(1);
  assert.deepEqual([kiosk.asked, kiosk.left], [1, 30]);
  pass(29);
  assert.equal(kiosk.over, 0);
  pass(1);
  assert.equal(kiosk.over, 1);
});

test("a touch starts the minute again", () => {
  const { kiosk, timer } = watch();
  pass(50);
  timer.seen();
  pass(50);
  assert.equal(kiosk.asked, 0);
});

test("an answer keeps everything", () => {
  const { kiosk, timer } = watch();
  pass(70);
  timer.stay();
  pass(59);
  assert.deepEqual([kiosk.asked, kiosk.over], [1, 0]);
});

test("nobody is asked while there is nothing to lose", () => {
  const { kiosk } = watch(false);
  pass(300);
  assert.equal(kiosk.asked, 0);
});
