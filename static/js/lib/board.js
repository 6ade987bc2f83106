/**
 * The public board's calls, newest first, a page at a time.
 */

/**
 * Remember in which order codes were called; the rows themselves carry no times.
 * Being called again is a new call.
 */
export class CallOrder {
  /** @type {Map<number, { calls: number, turn: number }>} */
  #calls = new Map();
  #next = 0;

  /**
   * @template {{ id: number, calls?: number }} Row
   * @param {Row[]} called those called and those who have come since
   * @returns {Row[]} newest call first
   */
  newestFirst(called) {
    const ids = new Set(called.map((row) => row.id));
    for (const id of this.#calls.keys()) if (!ids.has(id)) this.#calls.delete(id);
    for (const row of called) this.#note(row.id, row.calls ?? 1);
    return [...called].sort((a, b) => this.#turnOf(b) - this.#turnOf(a));
  }

  /** @param {{ id: number }} row */
  #turnOf(row) {
    return this.#calls.get(row.id)?.turn ?? 0;
  }

  /**
   * @param {number} id
   * @param {number} calls
   */
  #note(id, calls) {
    const known = this.#calls.get(id);
    if (!known || known.calls < calls) this.#calls.set(id, { calls, turn: this.#next++ });
  }
}

/**
 * Find the calls that were not announced yet.
 */
export class NewCalls {
  /** @type {Map<number, number> | null} */
  #told = null;

  /**
   * @template {{ id: number, calls?: number }} Row
   * @param {Row[]} called
   * @returns {Row[]} called, or called again, since the last time; nothing the first time
   */
  of(called) {
    const before = this.#told;
    this.#told = new Map(called.map((row) => [row.id, row.calls ?? 1]));
    if (!before) return [];
    return called.filter((row) => (before.get(row.id) ?? 0) < (row.calls ?? 1));
  }
}

/**
 * One page of a list that is too long for a screen; the pages take turns.
 * @template T
 * @param {readonly T[]} list
 * @param {number} size
 * @param {number} turn counts up for ever
 * @returns {T[]}
 */
export function pageOf(list, size, turn) {
  const start = startOf(list, size, turn);
  return list.slice(start, start + size);
}

/**
 * Which places of a list its page shows, "6–10"; empty where one page has all of them.
 * @param {readonly unknown[]} list
 * @param {number} size
 * @param {number} turn
 * @returns {string}
 */
export function placesOf(list, size, turn) {
  if (list.length <= size) return "";
  const start = startOf(list, size, turn);
  const first = start + 1;
  const last = Math.min(start + size, list.length);
  return first === last ? `${first}` : `${first}–${last}`;
}

/**
 * @param {readonly unknown[]} list
 * @param {number} size
 * @param {number} turn
 * @returns {number}
 */
function startOf(list, size, turn) {
  const pages = Math.max(1, Math.ceil(list.length / size));
  return (turn % pages) * size;
}
