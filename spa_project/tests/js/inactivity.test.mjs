import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { InactivityTimer } from "../../../static/js/lib/inactivity.js";

const NOW = 100_000_000;
const MINUTE = 60_000;

/** @type {Record<string, () => void>} */
let listeners;
/** @type {number | null} */
let last;
const touched = {
  get: () => last,
  set: (/** @type {number} */ at) => {
    last = at;
  },
  forget: () => {},
};

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["Date", "setInterval"], now: NOW });
  listeners = {};
  last = null;
  globalThis.addEventListener = /** @type {typeof addEventListener} */ (
    (/** @type {string} */ sign, /** @type {() => void} */ listener) => {
      listeners[sign] = listener;
    }
  );
});

function watch({ minutes = 10, since = NOW } = {}) {
  const onInactive = mock.fn();
  const timer = new InactivityTimer({ minutes, touched, since, onInactive });
  return { timer, calls: () => onInactive.mock.callCount() };
}

test("it is inactive when nobody has touched anything for the minutes, and it is said until somebody is here", () => {
  const { timer, calls } = watch();
  mock.timers.tick(10 * MINUTE - 1000);
  assert.equal(calls(), 0);
  mock.timers.tick(2000);
  assert.equal(calls(), 2);
  timer.seen();
  mock.timers.tick(9 * MINUTE);
  assert.equal(calls(), 2);
});

test("a touch begins the minutes anew", () => {
  const { calls } = watch();
  mock.timers.tick(9 * MINUTE);
  listeners.pointerdown?.();
  mock.timers.tick(9 * MINUTE);
  assert.equal(calls(), 0);
});

test("a touch in another window counts here, too", () => {
  const { calls } = watch();
  mock.timers.tick(9 * MINUTE);
  last = Date.now();
  mock.timers.tick(9 * MINUTE);
  assert.equal(calls(), 0);
});

test("a device that slept too long is inactive as soon as it wakes, and a touch is too late", () => {
  const { calls } = watch();
  mock.timers.setTime(NOW + 60 * MINUTE);
  listeners.visibilitychange?.();
  assert.equal(calls(), 1);
  listeners.pointerdown?.();
  assert.equal(calls(), 2);
});

test("a page opened where nobody was for long is inactive from the start", () => {
  last = NOW - 11 * MINUTE;
  assert.equal(watch({ since: NOW - 60 * MINUTE }).calls(), 1);
});

test("who has just logged in is here, whoever touched the screen before", () => {
  last = NOW - 60 * MINUTE;
  assert.equal(watch().calls(), 0);
});

test("without minutes it is never inactive", () => {
  const { calls } = watch({ minutes: 0 });
  mock.timers.tick(24 * 60 * MINUTE);
  assert.equal(calls(), 0);
});
