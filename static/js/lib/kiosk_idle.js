/**
 * Notices that nobody stands at the kiosk any more: asks, counts down, then gives up.
 */

const QUIET_FOR = 60;
const ANSWER_WITHIN = 30;

export class IdleWatch {
  #on;
  #quiet = 0;
  #left = null;

  /**
   * @param {object} on
   * @param {() => void} on.onAsk time to ask "still there?"
   * @param {(seconds: number) => void} on.onLeft counts down while asking
   * @param {() => void} on.onOver nobody answered
   * @param {() => boolean} on.isNeeded whether there is anything to give up
   */
  constructor(on) {
    this.#on = on;
    setInterval(() => this.#second(), 1000);
  }

  /** Somebody touched something. Only an answer ends the question. */
  seen() {
    if (this.#left === null) this.#quiet = 0;
  }

  stay() {
    this.#left = null;
    this.#quiet = 0;
  }

  #second() {
    if (this.#left !== null) this.#countDown();
    else if (!this.#on.isNeeded()) this.#quiet = 0;
    else if (++this.#quiet >= QUIET_FOR) this.#ask();
  }

  #ask() {
    this.#left = ANSWER_WITHIN;
    this.#on.onLeft(this.#left);
    this.#on.onAsk();
  }

  #countDown() {
    this.#left -= 1;
    this.#on.onLeft(this.#left);
    if (this.#left > 0) return;
    this.stay();
    this.#on.onOver();
  }
}
