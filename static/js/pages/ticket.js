/**
 * The customer's own page: where I am, where to go, what it costs.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { floor } from "../lib/live.js";
import { data, formatting } from "../lib/page.js";
import { chime, unlockSound, vibrate } from "../lib/sound.js";
import { stopwatch } from "../lib/time.js";

/** The way of a visit; several statuses may be one step of it. */
const STEPS = [
  ["pending_therapist", "on_hold"],
  ["therapist_confirmed"],
  ["in_service"],
  ["finished", "awaiting_payment", "paying"],
  ["paid"],
];

const RING = [400, 200, 400, 200, 400];

// The refs as the page's root sees them: a button that has just gone sees none any more.
let refs;

Alpine.data("ticket", () => ({
  ...floor,
  ...formatting,

  canRing: false,
  /** What the page opened with is no news: it was looked at. */
  openedWith: null,

  init() {
    refs = this.$refs;
    const title = document.title;
    this.$watch("call", (call) => {
      document.title = call ? `${this.callWords} · ${title}` : title;
      if (call && call !== this.openedWith) this.ring();
      this.openedWith = "";
    });
    this.startSync();
  },

  onSnapshot() {
    this.openedWith ??= this.call;
  },
  async enableRinging() {
    this.canRing = await unlockSound();
    if (this.canRing) await chime();
  },
  ring() {
    vibrate(RING);
    chime();
  },

  /** Which call this is: being called again is another one. Empty while nobody calls. */
  get call() {
    return this.is("therapist_confirmed") ? `call ${this.visit.calls ?? 1}` : "";
  },
  get callWords() {
    const room = this.visit.room_number;
    return room ? this.say("called_to", { room }) : this.say("called");
  },
  get before() {
    return this.is("pending_therapist") ? (this.figures?.before ?? null) : null;
  },
  /** Nothing where the server cannot know. */
  get wait() {
    return this.before === null ? null : (this.figures.wait_minutes ?? null);
  },
  get receiptUrl() {
    const key = this.visit?.payment?.receipt_key;
    return key ? data.receipt_url.replace("KEY", key) : "";
  },
  get visit() {
    return this.rows[0] ?? null;
  },
  get status() {
    return this.visit?.status ?? "";
  },
  get step() {
    return STEPS.findIndex((statuses) => statuses.includes(this.status));
  },
  get elapsed() {
    return stopwatch(this.visit?.service_start_at, this.now);
  },
  askToLeave() {
    this.problem = "";
    refs.leave.showModal();
  },
  stay() {
    refs.leave.close();
  },
  async leave() {
    if (await this.act("customer_cancel", { key: data.key })) this.stay();
  },
  is(...statuses) {
    return statuses.includes(this.status);
  },
  stepState(number) {
    if (this.step < 0 || number > this.step) return "ahead";
    const isOver = number < this.step || this.status === "paid";
    return isOver ? "done" : "now";
  },
}));

Alpine.start();
