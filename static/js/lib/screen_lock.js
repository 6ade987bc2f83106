/**
 * A screen that locks itself when nobody touches it, and opens again with its person's PIN.
 *
 * The page lives on below, so that it still rings; the server refuses whatever it would send. A
 * component takes these with `...lock`; templates/queueing/_screen_lock.html is what is seen.
 */

import { memory } from "./stored_value.js";
import { data, say } from "./page.js";
import { QuietWatch } from "./inactivity.js";

const SHORTEST = 4;
const LONGEST = 6;

// Outside the component: proxies cannot reach private fields.
let watch;

export const lock = {
  isLocked: false,
  pin: "",
  isChecking: false,
  lockProblem: "",

  watchTheQuiet() {
    if (data.locked) this.coverUp();
    watch = new QuietWatch({
      minutes: data.lock_minutes,
      touched: memory(localStorage, "touched"),
      since: Date.now() - data.logged_in_for * 1000,
      onQuiet: () => this.lockUp(),
    });
  },
  /** Covered at once; the server is asked until it has heard. */
  async lockUp() {
    if (!this.isLocked) this.coverUp();
    if (this.isHeard || this.isTelling) return;
    this.isTelling = true;
    this.isHeard = (await post("/api/lock/", {}).catch(() => null))?.ok === true;
    this.isTelling = false;
  },
  isHeard: false,
  isTelling: false,

  coverUp() {
    Object.assign(this, { isLocked: true, pin: "", lockProblem: "" });
    cover().showModal();
  },
  /** Escape closes a dialog in the end, whatever is done about it: open it once more. */
  stayCovered() {
    if (this.isLocked) cover().showModal();
  },
  pressPin(key) {
    this.lockProblem = "";
    if (key === "back") this.pin = this.pin.slice(0, -1);
    else if (this.pin.length < LONGEST) this.pin += key;
  },
  pinIsComplete() {
    return this.pin.length >= SHORTEST;
  },
  async unlock() {
    if (!this.pinIsComplete() || this.isChecking) return;
    this.isChecking = true;
    try {
      const answer = await post("/api/unlock/", { pin: this.pin });
      if (answer.ok) this.uncover();
      else if (answer.code === "not_authenticated") location.assign(data.login_url);
      else this.lockProblem = answer.error;
    } catch {
      this.lockProblem = say("connection_lost");
    } finally {
      this.pin = "";
      this.isChecking = false;
    }
  },
  uncover() {
    watch.seen();
    this.isLocked = this.isHeard = false;
    cover().close();
  },
};

function cover() {
  return document.getElementById("lock");
}

async function post(url, body) {
  const proof = cover().querySelector("[name=csrfmiddlewaretoken]").value;
  const headers = { "Content-Type": "application/json", "X-CSRFToken": proof };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  return answer.json();
}
