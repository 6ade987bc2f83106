/**
 * Store of a screen: its transactions, rooms and therapists, the newest version of each.
 *
 * Rows are frozen. A row never changes, newer news takes its place; and what is frozen Alpine does
 * not wrap to watch each of its fields, which with 200 rows takes longer than painting.
 */

/**
 * @typedef {Wire.TransactionData} Row
 * @typedef {Wire.RoomData} RoomRow
 * @typedef {Wire.TherapistData} TherapistRow
 */

const BY_NUMBER = new Intl.Collator(undefined, { numeric: true });

export class FloorStore {
  #shows;
  /** @type {Map<number, Row>} */
  #rows = new Map();
  /** @type {Map<string, RoomRow>} */
  #rooms = new Map();
  /** @type {Map<number, TherapistRow>} */
  #therapists = new Map();
  /** @type {Map<number, number>} the versions of rows that left */
  #gone = new Map();
  /** @type {number | undefined} the version of the branch's setup */
  setup;
  /** @type {Readonly<Wire.RotationData> | null} null without a strict rotation */
  rotation = null;

  /** @param {readonly Wire.Status[] | null} shows statuses this screen shows; null shows them all */
  constructor(shows = null) {
    this.#shows = shows && new Set(shows);
  }

  /**
   * Replace everything by a snapshot.
   * @param {{ transactions?: Row[], rooms?: RoomRow[], therapists?: TherapistRow[],
   *   setup?: number, rotation?: Wire.RotationData | null }} snapshot
   */
  replace({ transactions = [], rooms = [], therapists = [], setup, rotation = null }) {
    this.setup = setup;
    this.rotation = rotation;
    for (const [id, row] of this.#rows) this.#remember(id, row.version);
    this.#rows = new Map(transactions.map((row) => [row.id, Object.freeze(row)]));
    this.#rooms = new Map(rooms.map((room) => [room.number, Object.freeze(room)]));
    this.#therapists = new Map(therapists.map((each) => [each.id, Object.freeze(each)]));
    for (const row of transactions) this.#gone.delete(row.id);
  }

  /**
   * Take a transaction of an event. An older version changes nothing.
   * @param {Row} row
   * @returns {boolean} whether the screen changed
   */
  put(row) {
    if (row.version <= this.#versionOf(row.id)) return false;
    if (this.#isShown(row)) {
      this.#gone.delete(row.id);
      this.#rows.set(row.id, Object.freeze(row));
      return true;
    }
    this.#remember(row.id, row.version);
    return this.#rows.delete(row.id);
  }

  /**
   * Take a room of an event. An older version changes nothing.
   * @param {RoomRow} room
   * @returns {boolean} whether the screen changed
   */
  putRoom(room) {
    const known = this.#rooms.get(room.number);
    if (known && room.version <= known.version) return false;
    this.#rooms.set(room.number, Object.freeze(room));
    return true;
  }

  /**
   * Take a therapist of an event, whose end has the version of what ended. An older version changes
   * nothing, nor does somebody the screen does not know: the setup's news brings them.
   * @param {TherapistRow} therapist
   * @returns {boolean} whether the screen changed
   */
  putTherapist(therapist) {
    const known = this.#therapists.get(therapist.id);
    if (!known || therapist.version < known.version) return false;
    this.#therapists.set(therapist.id, Object.freeze(therapist));
    return true;
  }

  /** @returns {Row[]} in the order they entered the queue they are in */
  transactions() {
    return [...this.#rows.values()].sort(byTurn);
  }

  /** @returns {RoomRow[]} by number, 2 before 10 */
  rooms() {
    return [...this.#rooms.values()].sort((a, b) => BY_NUMBER.compare(a.number, b.number));
  }

  /** @returns {TherapistRow[]} in the snapshot's order, by name */
  therapists() {
    return [...this.#therapists.values()];
  }

  /**
   * Take the order of the rotation of an event. An older one changes nothing.
   * @param {Wire.RotationData} rotation
   * @returns {boolean} whether the screen changed
   */
  putRotation(rotation) {
    const known = this.rotation;
    if (known && rotation.business_date < known.business_date) return false;
    const isSameDay = known?.business_date === rotation.business_date;
    if (known && isSameDay && rotation.version < known.version) return false;
    this.rotation = rotation;
    return true;
  }

  /** @returns {Partial<Wire.FloorDigest>} what the server's heartbeat is compared with */
  digest() {
    const all = [...this.#rows.values(), ...this.#rooms.values()];
    const versions = all.reduce((sum, { version }) => sum + version, 0);
    const present = this.therapists().filter(({ presence }) => presence !== "off_duty");
    const presence = present.reduce((sum, { version }) => sum + version, 0);
    const turns = this.rotation && { turns: this.rotation.version };
    return { count: all.length, versions, setup: this.setup, presence, ...turns };
  }

  /** @param {Row} row */
  #isShown(row) {
    return this.#shows === null || this.#shows.has(row.status);
  }

  /** @param {number} id */
  #versionOf(id) {
    return this.#rows.get(id)?.version ?? this.#gone.get(id) ?? -1;
  }

  /**
   * A row that left is remembered by its version, so that a late event cannot bring it back.
   * @param {number} id
   * @param {number} version
   */
  #remember(id, version) {
    this.#gone.set(id, Math.max(version, this.#gone.get(id) ?? version));
  }
}

/**
 * Return a list to show: the one that is shown already while its members are the same, so that
 * nothing that depends on it is evaluated again. Frozen, as each member is: Alpine watches the list
 * as a whole.
 * @template Member
 * @param {Member[]} members
 * @param {readonly Member[]} shown
 * @returns {readonly Member[]}
 */
export function listOf(members, shown) {
  const isSame =
    members.length === shown.length && members.every((each, place) => each === shown[place]);
  return isSame ? shown : Object.freeze(members);
}

/**
 * @param {Row} a
 * @param {Row} b
 */
function byTurn(a, b) {
  const [first, second] = [a.queued_at ?? "", b.queued_at ?? ""];
  if (first !== second) return first < second ? -1 : 1;
  return a.id - b.id;
}
