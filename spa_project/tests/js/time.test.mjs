import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import {
  inShort,
  inWords,
  minutesSince,
  ServerClock,
  stopwatch,
  waitInWords,
} from "../../../static/js/lib/time.js";
import { fillIn } from "../../../static/js/lib/words.js";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const WORDS = {
  minutes: "{minutes} min",
  hours: "{hours} h",
  hours_minutes: "{hours} h {minutes} min",
};

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["Date"], now: NOW });
});

test("timers run on the server's clock", () => {
  const clock = new ServerClock();
  assert.equal(clock.now(), NOW);
  clock.set("2026-03-01T20:05:00+08:00");
  assert.equal(clock.now(), NOW + 5 * 60_000);
  clock.set(undefined);
  assert.equal(clock.now(), NOW + 5 * 60_000);
});

test("minutes since a moment are whole and never negative", () => {
  assert.equal(minutesSince("2026-03-01T11:50:01Z", NOW), 9);
  assert.equal(minutesSince("2026-03-01T12:10:00Z", NOW), 0);
  assert.equal(minutesSince(null, NOW), 0);
});

test("a stopwatch shows hours only when there are some", () => {
  assert.equal(stopwatch("2026-03-01T11:47:55Z", NOW), "12:05");
  assert.equal(stopwatch("2026-03-01T10:57:55Z", NOW), "1:02:05");
  assert.equal(stopwatch(null, NOW), "00:00");
});

test("a length of time is said in the page's words", () => {
  assert.equal(inWords(45, WORDS), "45\u00a0min");
  assert.equal(inWords(120, WORDS), "2\u00a0h");
  assert.equal(inWords(90, WORDS), "1\u00a0h\u00a030\u00a0min");
  assert.equal(inWords(0, WORDS), "0\u00a0min");
});

test("a length of time is short where a tile has no room for words", () => {
  assert.equal(inShort(45, WORDS), "45\u00a0min");
  assert.equal(inShort(60, WORDS), "1:00\u00a0h");
  assert.equal(inShort(697, WORDS), "11:37\u00a0h");
});

test("a wait is said as roughly as it is known", () => {
  const words = {
    ...WORDS,
    "wait.short": "< {high}",
    "wait.minutes": "{low} to {high} minutes",
    "wait.long": "{low} to {high}",
  };
  assert.equal(waitInWords([0, 5], words), "< 5");
  assert.equal(waitInWords([10, 20], words), "10 to 20 minutes");
  assert.equal(waitInWords([45, 75], words), "45\u00a0min to 1\u00a0h\u00a015\u00a0min");
});

test("a wait of more than two hours is said in whole hours that hold the range", () => {
  const words = { ...WORDS, "wait.long": "{low} to {high}" };
  assert.equal(waitInWords([405, 705], words), "6\u00a0h to 12\u00a0h");
  assert.equal(waitInWords([105, 121], words), "1\u00a0h\u00a045\u00a0min to 3\u00a0h");
  assert.equal(waitInWords([120, 180], words), "2\u00a0h to 3\u00a0h");
});

test("gaps without a value stay visible", () => {
  assert.equal(fillIn("{a} and {b}", { a: 1 }), "1 and {b}");
});
