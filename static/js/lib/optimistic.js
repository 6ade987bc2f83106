/**
 * What a person has just done, as it will look when the server agrees. It lies over the rows of
 * the floor until there is newer news of them, or until it is taken back.
 */

/**
 * @typedef {import("./store.js").Row} Row
 * @typedef {import("./store.js").RoomRow} RoomRow
 * @typedef {{ transaction?: Row, room?: RoomRow }} Guess rows as they will be, each still with
 *   the version of the row it was made from
 */

export class Overlay {
  /** @type {Guess} */
  #guess = {};

  /** @param {Guess} guess takes the place of the one before */
  show(guess) {
    Object.values(guess).forEach(Object.freeze);
    this.#guess = guess;
  }

  /** Takes back what was shown. */
  drop() {
    this.#guess = {};
  }

  /**
   * The server agreed, and said what the transaction is now. News of the room may still be on
   * its way.
   */
  agreed() {
    this.#guess = { room: this.#guess.room };
  }

  /**
   * @param {Row[]} rows
   * @param {string[] | null} shows statuses this screen shows; null shows them all
   * @returns {Row[]} as this person sees them
   */
  transactions(rows, shows = null) {
    const { transaction } = this.#guess;
    if (!transaction) return rows;
    const seen = rows.map((row) => (isAbout(transaction, row, "id") ? transaction : row));
    return shows ? seen.filter((row) => shows.includes(row.status)) : seen;
  }

  /**
   * @param {RoomRow[]} rooms
   * @returns {RoomRow[]} as this person sees them
   */
  rooms(rooms) {
    const { room: guess } = this.#guess;
    return guess ? rooms.map((room) => (isAbout(guess, room, "number") ? guess : room)) : rooms;
  }
}

function isAbout(guess, row, key) {
  return guess[key] === row[key] && guess.version === row.version;
}
