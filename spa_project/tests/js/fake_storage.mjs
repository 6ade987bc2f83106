/**
 * A `Storage` that lives as long as a test.
 * @returns {Pick<Storage, "getItem" | "setItem" | "removeItem">}
 */
export function fakeStorage() {
  /** @type {Map<string, string>} */
  const values = new Map();
  return {
    getItem: (/** @type {string} */ key) => values.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) =>
      void values.set(key, value),
    removeItem: (/** @type {string} */ key) => void values.delete(key),
  };
}
