/**
 * The browser's storages. Where site data is blocked, reading `localStorage` throws: there a page
 * keeps what it needs in memory, until it closes.
 */

/** @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} KeyValueStorage */

export const local = storageOrMemory(() => localStorage);
export const session = storageOrMemory(() => sessionStorage);

/**
 * @param {() => KeyValueStorage} read
 * @returns {KeyValueStorage}
 */
export function storageOrMemory(read) {
  try {
    return read() ?? memory();
  } catch {
    return memory();
  }
}

/** @returns {KeyValueStorage} */
function memory() {
  /** @type {Map<string, string>} */
  const values = new Map();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  };
}
