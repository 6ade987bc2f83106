/**
 * What the waiting room sees: who is called, newest first, a page at a time.
 */

/**
 * Remembers in which order codes were called; the rows themselves carry no times.
 */
export class CallOrder {
  #order = new Map();
  #next = 0;

  /**
   * @template {{ id: number }} Row
   * @param {Row[]} called
   * @returns {Row[]} newest call first
   */
  newestFirst(called) {
    const ids = new Set(called.map((row) => row.id));
    for (const id of this.#order.keys()) if (!ids.has(id)) this.#order.delete(id);
    for (const { id } of called) if (!this.#order.has(id)) this.#order.set(id, this.#next++);
    return [...called].sort((a, b) => this.#order.get(b.id) - this.#order.get(a.id));
  }
}

/**
 * One page of a list that is too long for a screen; turn by turn every page has its time.
 * @template T
 * @param {T[]} list
 * @param {number} size
 * @param {number} turn counts up for ever
 * @returns {T[]}
 */
export function pageOf(list, size, turn) {
  const pages = Math.max(1, Math.ceil(list.length / size));
  const start = (turn % pages) * size;
  return list.slice(start, start + size);
}
