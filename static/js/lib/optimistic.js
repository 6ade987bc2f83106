/**
 * The optimistic update: what a person has just done, as it will look when the server confirms it. It lies over the rows of
 * the floor until there is newer news of them, or until it is taken back.
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

  /** Takes back what was shown. */
  drop() {
    this.#update = {};
  }

  /**
   * The server has confirmed it, and said what the transaction is now. News of the room may still be on
   * its way.
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
