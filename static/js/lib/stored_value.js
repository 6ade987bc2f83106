/**
 * A value that survives a reload. A browser that refuses to store anything only loses that.
 */

/**
 * @template T
 * @typedef {{ get: () => T | null, set: (value: T) => void, forget: () => void }} Memory
 */

/**
 * @param {Storage} storage `localStorage` or `sessionStorage`
 * @param {string} key
 * @returns {Memory<any>}
 */
export function memory(storage, key) {
  return {
    get: () => quietly(() => JSON.parse(storage.getItem(key) ?? "null")),
    set: (value) => quietly(() => storage.setItem(key, JSON.stringify(value))),
    forget: () => quietly(() => storage.removeItem(key)),
  };
}

function quietly(action) {
  try {
    return action();
  } catch {
    return null;
  }
}
