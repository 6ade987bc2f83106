/**
 * Announce calls one after the other: a chime, then the words; repeated once a little later.
 */

const REPEAT_AFTER_MS = 20_000;

/**
 * @template Call
 * @typedef {object} Voice
 * @property {() => Promise<void>} chime
 * @property {(call: Call) => Promise<void>} speak
 * @property {(call: Call) => boolean} isCalled whether the call still stands
 */

/** @template {{ id: number }} Call */
export class Announcer {
  #voice;
  /** @type {Call[]} */
  #queue = [];
  #speaking = false;

  /** @param {Voice<Call>} voice */
  constructor(voice) {
    this.#voice = voice;
  }

  /**
   * Announce the call after all others, and again after a while if it still stands.
   * @param {Call} call
   */
  announce(call) {
    this.#enqueue(call);
    setTimeout(() => this.#enqueue(call), REPEAT_AFTER_MS);
  }

  /** @param {Call} call */
  #enqueue(call) {
    if (this.#queue.some((other) => other.id === call.id)) return;
    this.#queue.push(call);
    this.#next();
  }

  async #next() {
    if (this.#speaking) return;
    this.#speaking = true;
    for (let call = this.#queue.shift(); call; call = this.#queue.shift()) await this.#say(call);
    this.#speaking = false;
  }

  /**
   * A failed announcement must not block the following ones.
   * @param {Call} call
   */
  async #say(call) {
    if (!this.#voice.isCalled(call)) return;
    await this.#voice.chime().catch(() => {});
    await this.#voice.speak(call).catch(() => {});
  }
}
