import assert from "node:assert/strict";
import { test } from "node:test";

import { storageOrMemory } from "../../../static/js/lib/storage.js";
import { storedValue } from "../../../static/js/lib/stored_value.js";
import { fakeStorage } from "./fake_storage.mjs";

test("where site data is blocked, values last as long as the page", () => {
  const blocked = storageOrMemory(() => {
    throw new DOMException("Access is denied for this document.", "SecurityError");
  });
  const value = storedValue(blocked, "cart");
  assert.equal(value.get(), null);
  value.set({ items: 2 });
  assert.deepEqual(value.get(), { items: 2 });
  value.forget();
  assert.equal(value.get(), null);
});

test("a browser without storages is treated the same", () => {
  const none = /** @type {Storage} */ (/** @type {unknown} */ (null));
  storageOrMemory(() => none).setItem("key", "value");
});

test("a storage that works is used itself", () => {
  const works = fakeStorage();
  assert.equal(
    storageOrMemory(() => works),
    works,
  );
});
