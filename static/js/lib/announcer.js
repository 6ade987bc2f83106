/**
 * Calls people aloud, one after the other: a chime, then the words; once more a little later.
 */

const REPEAT_AFTER = 20_000;

/**
 * @typedef {{ id: number, calls?: number }} Call
 */

export class Announcer {
  #voice;
  #queue = [];
  #speaking = false;

  /**
   * @param {object} voice
   * @param {() => Promise<void>} voice.chime
   * @param {(call: Call) => Promise<void>} voice.speak
   * @param {(call: Call) => boolean} voice.isCalled whether they have not come yet
   */
  constructor(voice) {
    this.#voice = voice;
  }

  /**
   * Says it when all before it is said, and again after a while if they have not come by then.
   * @param {Call} call
   */
  announce(call) {
    this.#enqueue(call);
    setTimeout(() => this.#enqueue(call), REPEAT_AFTER);
  }

  #enqueue(call) {
    if (this.#queue.some((other) => other.id === call.id)) return;
    this.#queue.push(call);
    this.#next();
  }

  async #next() {
    if (this.#speaking) return;
    this.#speaking = true;
    while (this.#queue.length > 0) await this.#say(this.#queue.shift());
    this.#speaking = false;
  }

  // A voice that fails must not silence those who wait for it.
  async #say(call) {
    if (!this.#voice.isCalled(call)) return;
    await this.#voice.chime().catch(() => {});
    await this.#voice.speak(call).catch(() => {});
  }
}
