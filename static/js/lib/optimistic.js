/**
 * The optimistic update: shows a step before the server confirms it. It overrides the rows until a
 * newer version arrives, or until it is rolled back.
 */

/**
 * @typedef {Wire.TransactionData} Row
 * @typedef {Wire.RoomData} RoomRow
 * @typedef {{ transaction?: Row, room?: RoomRow }} OptimisticUpdate rows as they will be, each still with
 *   the version of the row it was made from
 */

export class OptimisticState {
  /** @type {OptimisticUpdate} */
  #update = {};

  /** @param {OptimisticUpdate} update takes the place of the one before */
  show(update) {
    for (const row of Object.values(update)) Object.freeze(row);
    this.#update = update;
  }

  /** Roll the update back. */
  drop() {
    this.#update = {};
  }

  /**
   * Drop the transaction, which the server has confirmed. The room's event may still be in flight.
   */
  confirm() {
    this.#update = { room: this.#update.room };
  }

  /**
   * @param {Row[]} rows
   * @param {readonly Wire.Status[] | null} shows statuses this screen shows; null shows them all
   * @returns {Row[]} as this person sees them
   */
  transactions(rows, shows = null) {
    const { transaction } = this.#update;
    if (!transaction) return rows;
    const seen = rows.map((row) => (replaces(transaction, row, "id") ? transaction : row));
    return shows ? seen.filter((row) => shows.includes(row.status)) : seen;
  }

  /**
   * @param {RoomRow[]} rooms
   * @returns {RoomRow[]} as this person sees them
   */
  rooms(rooms) {
    const { room: update } = this.#update;
    return update ? rooms.map((room) => (replaces(update, room, "number") ? update : room)) : rooms;
  }
}

/**
 * Whether an update was made from this very version of the row.
 * @template {{ version: number }} Each
 * @param {Each} update
 * @param {Each} row
 * @param {keyof Each} key
 */
function replaces(update, row, key) {
  return update[key] === row[key] && update.version === row.version;
}
