import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Announcer } from "../../../static/js/lib/announcer.js";

// The repetition's real timer would hold the process up for 20 seconds.
beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

/** A voice that takes its time, and notes what it said. */
function voice() {
  /** @type {number[]} */
  const said = [];
  const called = new Set([1, 2, 3]);
  let speaking = 0;
  let end = () => {};
  const speak = async (/** @type {{ id: number }} */ call) => {
    assert.equal(++speaking, 1, "two calls at once");
    said.push(call.id);
    await new Promise((/** @type {(value: void) => void} */ resolve) => {
      end = resolve;
    });
    speaking -= 1;
  };
  const announcer = new Announcer({
    chime: async () => {},
    speak,
    isCalled: (call) => called.has(call.id),
  });
  const finish = async () => {
    end();
    await settled();
  };
  return { announcer, said, called, finish };
}

async function settled() {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

test("calls are said one after the other", async () => {
  const { announcer, said, finish } = voice();
  announcer.announce({ id: 1 });
  announcer.announce({ id: 2 });
  await settled();
  assert.deepEqual(said, [1]);
  await finish();
  assert.deepEqual(said, [1, 2]);
});

test("a call is said once more after 20 seconds, if nobody came", async () => {
  const { announcer, said, finish } = voice();
  announcer.announce({ id: 1 });
  await settled();
  await finish();
  mock.timers.tick(20_000);
  await settled();
  assert.deepEqual(said, [1, 1]);
  mock.timers.tick(100_000);
  await settled();
  assert.deepEqual(said, [1, 1]);
});

test("whoever came is not called again", async () => {
  const { announcer, said, called, finish } = voice();
  announcer.announce({ id: 1 });
  await settled();
  await finish();
  called.delete(1);
  mock.timers.tick(20_000);
  await settled();
  assert.deepEqual(said, [1]);
});

test("a voice that fails does not silence the others", async () => {
  /** @type {number[]} */
  const said = [];
  const announcer = new Announcer({
    chime: () => Promise.reject(new Error("no loudspeaker")),
    speak: async (call) => {
      said.push(call.id);
      throw new Error("no voice");
    },
    isCalled: () => true,
  });
  announcer.announce({ id: 1 });
  announcer.announce({ id: 2 });
  await settled();
  await settled();
  assert.deepEqual(said, [1, 2]);
});
