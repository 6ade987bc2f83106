import assert from "node:assert/strict";
import { test } from "node:test";

import { paperRule } from "../../../static/js/lib/paper.js";

test("paper from a roll is as wide as the roll and as long as the receipt, with room for the knife", () => {
  assert.equal(paperRule("80", 96), "@page { size: 80mm 30mm; margin: 0; }");
  assert.equal(paperRule("58", 378), "@page { size: 58mm 105mm; margin: 0; }");
});
