/**
 * A step that cannot be taken back lightly: held for a second, or tapped twice within five.
 */

const HOLD_MS = 1000;
const AGAIN_WITHIN_MS = 5000;
const DOUBLE_TAP_MS = 300; // taps closer than this are one tap that bounced

/**
 * @typedef {"" | "holding" | "asked"} Stage
 * @typedef {ReturnType<typeof setTimeout>} Timer
 */

export class HoldToConfirm {
  #act;
  #show;
  #now;
  /** @type {Timer | undefined} */
  #hold;
  /** @type {Timer | undefined} */
  #forget;
  #wasHeld = false;
  #askedAt = -Infinity;

  /**
   * @param {object} step
   * @param {() => void} step.act
   * @param {(stage: Stage) => void} step.show
   * @param {() => number} [step.now] milliseconds
   */
  constructor({ act, show, now = () => performance.now() }) {
    this.#act = act;
    this.#show = show;
    this.#now = now;
  }

  /** A finger or a key goes down. */
  down() {
    this.#wasHeld = false;
    clearTimeout(this.#hold);
    this.#hold = setTimeout(() => {
      this.#wasHeld = true;
      this.#do();
    }, HOLD_MS);
    this.#show("holding");
  }

  /** The finger or key is released, or leaves the button. */
  up() {
    clearTimeout(this.#hold);
    this.#show(this.#isAsked() ? "asked" : "");
  }

  /** The click that follows; also what a screen reader sends by itself. */
  tap() {
    if (this.#wasHeld) {
      this.#wasHeld = false;
      return;
    }
    if (this.#now() - this.#askedAt < DOUBLE_TAP_MS) return;
    if (this.#isAsked()) this.#do();
    else this.#ask();
  }

  #isAsked() {
    return this.#now() - this.#askedAt <= AGAIN_WITHIN_MS;
  }

  #ask() {
    this.#askedAt = this.#now();
    this.#show("asked");
    clearTimeout(this.#forget);
    this.#forget = setTimeout(() => this.#show(""), AGAIN_WITHIN_MS);
  }

  #do() {
    // The button may be removed before the release, whose event would then be missing.
    clearTimeout(this.#hold);
    clearTimeout(this.#forget);
    this.#askedAt = -Infinity;
    this.#show("");
    this.#act();
  }
}
