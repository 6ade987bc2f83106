/**
 * Detect inactivity across all windows of a browser, also while the device sleeps.
 */

const LOOK_EVERY_MS = 1000;
const SIGNS = ["pointerdown", "keydown"];

export class InactivityTimer {
  #limit;
  #touched;
  #since;
  #onInactive;

  /**
   * @param {object} watch
   * @param {number} watch.minutes after which the page is inactive; 0 for never
   * @param {import("./stored_value.js").StoredValue<number>} watch.touched the last touch, for all windows
   * @param {number} watch.since the time of the last known activity, as `Date.now()`
   * @param {() => void} watch.onInactive called again and again while it stays inactive
   */
  constructor({ minutes, touched, since, onInactive }) {
    this.#limit = minutes * 60_000;
    this.#touched = touched;
    this.#since = since;
    this.#onInactive = onInactive;
    if (minutes) this.#watch();
  }

  /** Record activity. */
  seen() {
    this.#touched.set(Date.now());
  }

  #watch() {
    for (const sign of SIGNS) addEventListener(sign, () => this.#touch(), { capture: true });
    // A device that wakes up must not show its old content for a second.
    addEventListener("visibilitychange", () => this.#look());
    setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#look();
  }

  /** A touch after the time-out may be another person's and does not count as activity. */
  #touch() {
    if (this.#isInactive()) this.#onInactive();
    else this.seen();
  }

  #look() {
    if (this.#isInactive()) this.#onInactive();
  }

  #isInactive() {
    return Date.now() - Math.max(this.#touched.get() ?? 0, this.#since) >= this.#limit;
  }
}
