/**
 * Idle timer of the kiosk: prompts, counts down, then resets.
 */

const IDLE_SECONDS = 60;
const ANSWER_SECONDS = 30;

export class KioskIdleTimer {
  #on;
  #idleSeconds = 0;
  /** @type {number | null} seconds in which to answer, while it is asked */
  #left = null;

  /**
   * @param {object} on
   * @param {() => void} on.onPrompt time to ask "still there?"
   * @param {(seconds: number) => void} on.onCountdown counts down while asking
   * @param {() => void} on.onTimeout nobody answered
   * @param {() => boolean} on.isNeeded whether there is anything to give up
   */
  constructor(on) {
    this.#on = on;
    setInterval(() => this.#second(), 1000);
  }

  /** Record a touch. Only an answer ends the prompt. */
  seen() {
    if (this.#left === null) this.#idleSeconds = 0;
  }

  stay() {
    this.#left = null;
    this.#idleSeconds = 0;
  }

  #second() {
    if (this.#left !== null) this.#countDown(this.#left - 1);
    else if (!this.#on.isNeeded()) this.#idleSeconds = 0;
    else if (++this.#idleSeconds >= IDLE_SECONDS) this.#ask();
  }

  #ask() {
    this.#left = ANSWER_SECONDS;
    this.#on.onCountdown(this.#left);
    this.#on.onPrompt();
  }

  /** @param {number} left */
  #countDown(left) {
    this.#left = left;
    this.#on.onCountdown(left);
    if (left > 0) return;
    this.stay();
    this.#on.onTimeout();
  }
}
