/**
 * A value that survives a reload. A browser that refuses to store anything only loses that.
 */

/**
 * @template T
 * @typedef {{ get: () => T | null, set: (value: T) => void, forget: () => void }} StoredValue
 */

/**
 * @template T
 * @param {import("./storage.js").KeyValueStorage} storage
 * @param {string} key
 * @returns {StoredValue<T>}
 */
export function storedValue(storage, key) {
  return {
    get: () => ignoreErrors(() => JSON.parse(storage.getItem(key) ?? "null")),
    set: (value) => ignoreErrors(() => storage.setItem(key, JSON.stringify(value))),
    forget: () => ignoreErrors(() => storage.removeItem(key)),
  };
}

/**
 * @template R
 * @param {() => R} action
 * @returns {R | null}
 */
function ignoreErrors(action) {
  try {
    return action();
  } catch {
    return null;
  }
}
