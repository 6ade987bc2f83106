import assert from "node:assert/strict";
import { test } from "node:test";
import { landscape, TINTS } from "../../../static/js/lib/landscape.js";

test("a treatment always has the same picture", () => {
  assert.deepEqual(landscape(7), landscape(7));
});

test("neighbours on the menu look different", () => {
  assert.notDeepEqual(landscape(7).hills, landscape(8).hills);
  assert.notEqual(landscape(7).tint, landscape(8).tint);
});

test("every picture stays inside its frame", () => {
  for (let id = 0; id < 200; id++) {
    const { sun, tint, hills } = landscape(id);
    assert.ok(tint >= 0 && tint < TINTS);
    assert.ok(sun.y - sun.r >= 0 && sun.x + sun.r <= 320);
    for (const hill of hills) {
      const numbers = (hill.match(/-?\d+(\.\d+)?/g) ?? []).map(Number);
      assert.ok(
        numbers.every((number) => number >= 0 && number <= 320),
        hill,
      );
    }
  }
});
