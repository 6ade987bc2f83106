/**
 * The optimistic update: what a person has just done, as it will look when the server confirms it. It lies over the rows of
 * the floor until there is newer news of them, or until it is taken back.
 */

/**
 * @typedef {import("./store.js").Row} Row
 * @typedef {import("./store.js").RoomRow} RoomRow
 * @typedef {{ transaction?: Row, room?: RoomRow }} OptimisticUpdate rows as they will be, each still with
 *   the version of the row it was made from
 */

export class OptimisticState {
  /** @type {OptimisticUpdate} */
  #update = {};

  /** @param {OptimisticUpdate} update takes the place of the one before */
  show(update) {
    Object.values(update).forEach(Object.freeze);
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
   * @param {string[] | null} shows statuses this screen shows; null shows them all
   * @returns {Row[]} as this person sees them
   */
  transactions(rows, shows = null) {
    const { transaction } = this.#update;
    if (!transaction) return rows;
    const seen = rows.map((row) => (isAbout(transaction, row, "id") ? transaction : row));
    return shows ? seen.filter((row) => shows.includes(row.status)) : seen;
  }

  /**
   * @param {RoomRow[]} rooms
   * @returns {RoomRow[]} as this person sees them
   */
  rooms(rooms) {
    const { room: update } = this.#update;
    return update ? rooms.map((room) => (isAbout(update, room, "number") ? update : room)) : rooms;
  }
}

function isAbout(update, row, key) {
  return update[key] === row[key] && update.version === row.version;
}
