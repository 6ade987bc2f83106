/**
 * Screen lock: locks after inactivity, and unlocks with the user's PIN.
 *
 * The page stays live below, so that it still signals calls; the server refuses its commands. A
 * component takes these with `...screenLock`; templates/queueing/_screen_lock.html is what is seen.
 */

import { component } from "./component.js";
import { InactivityTimer } from "./inactivity.js";
import { pageData, say } from "./page.js";
import { local } from "./storage.js";
import { storedValue } from "./stored_value.js";

/**
 * @typedef {{ ok: true } | { ok: false, code: Wire.ErrorCode, error: string }} Answer
 */

/** @type {Wire.TherapistPage | Wire.CashierPage | Wire.DeskPage} */
const data = pageData();

const MIN_PIN_LENGTH = 4;
const MAX_PIN_LENGTH = 6;

// Outside the component: proxies cannot reach private fields.
/** @type {InactivityTimer | undefined} */
let timer;

export const screenLock = component({
  isLocked: false,
  pin: "",
  isChecking: false,
  lockProblem: "",

  startInactivityTimer() {
    if (data.locked) this.showLock();
    timer = new InactivityTimer({
      minutes: data.lock_minutes,
      touched: storedValue(local, "touched"),
      since: Date.now() - data.logged_in_for * 1000,
      onInactive: () => this.lockScreen(),
    });
  },
  /** Cover the screen at once, and retry until the server has locked the session. */
  async lockScreen() {
    if (!this.isLocked) this.showLock();
    if (this.isLockedOnServer || this.isLockingOnServer) return;
    this.isLockingOnServer = true;
    this.isLockedOnServer = (await post("/api/lock/", {}).catch(() => null))?.ok === true;
    this.isLockingOnServer = false;
  },
  isLockedOnServer: false,
  isLockingOnServer: false,

  showLock() {
    Object.assign(this, { isLocked: true, pin: "", lockProblem: "" });
    // Its contents are there by then, and have the focus.
    this.$nextTick(() => lockDialog().showModal());
  },
  /** Escape closes a dialog in the end, whatever is done about it: open it once more. */
  keepLockShown() {
    if (this.isLocked) lockDialog().showModal();
  },
  /** @param {string} key a digit, or "back" */
  pressPin(key) {
    this.lockProblem = "";
    if (key === "back") this.pin = this.pin.slice(0, -1);
    else if (this.pin.length < MAX_PIN_LENGTH) this.pin += key;
  },
  /** @returns {boolean} */
  pinIsComplete() {
    return this.pin.length >= MIN_PIN_LENGTH;
  },
  async unlock() {
    if (!this.pinIsComplete() || this.isChecking) return;
    this.isChecking = true;
    try {
      const answer = await post("/api/unlock/", { pin: this.pin });
      if (answer.ok) this.hideLock();
      else if (answer.code === "not_authenticated") location.assign(data.login_url);
      else this.lockProblem = answer.error;
    } catch {
      this.lockProblem = say("connection_lost");
    } finally {
      this.pin = "";
      this.isChecking = false;
    }
  },
  hideLock() {
    timer?.seen();
    this.isLocked = this.isLockedOnServer = false;
    lockDialog().close();
  },
});

function lockDialog() {
  return /** @type {HTMLDialogElement} */ (document.getElementById("screen-lock"));
}

/**
 * @param {string} url
 * @param {object} body
 * @returns {Promise<Answer>}
 */
async function post(url, body) {
  const field = lockDialog().querySelector("[name=csrfmiddlewaretoken]");
  const csrfToken = field instanceof HTMLInputElement ? field.value : "";
  const headers = { "Content-Type": "application/json", "X-CSRFToken": csrfToken };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  return answer.json();
}
