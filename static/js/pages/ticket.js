/**
 * The customer's own page: where I am, where to go, what it costs.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { component } from "../lib/component.js";
import { floor } from "../lib/live.js";
import { formatting, pageData } from "../lib/page.js";
import { chime, unlockSound, vibrate } from "../lib/sound.js";
import { stopwatch } from "../lib/time.js";

/** @type {Wire.TicketPage} */
const data = pageData();

/**
 * The steps of a visit; several statuses may be one of them.
 * @type {Wire.Status[][]}
 */
const STEPS = [
  ["pending_therapist", "on_hold"],
  ["therapist_confirmed"],
  ["in_service"],
  ["finished", "awaiting_payment", "paying"],
  ["paid"],
];

const RING_MS = [400, 200, 400, 200, 400];

// The refs as the page's root sees them: a button that has just gone sees none any more.
/** @type {{ leave: HTMLDialogElement }} */
let refs;

Alpine.data("ticket", () =>
  component({
    ...floor,
    ...formatting,

    canRing: false,
    /** Whether the terminal has just declined this customer's payment. */
    declined: false,
    /** The call that the page was opened with, which is not announced. */
    openedWith: /** @type {string | null} */ (null),

    init() {
      refs = /** @type {typeof refs} */ (this.$refs);
      const title = document.title;
      this.$watch("call", (call) => {
        document.title = call ? `${this.callWords} · ${title}` : title;
        if (call && call !== this.openedWith) this.ring();
        this.openedWith = "";
      });
      this.$watch("status", (status, before) => {
        this.declined = status === "awaiting_payment" && before === "paying";
        if (status === "pending_therapist" && before) this.readPlace();
      });
      this.startSync();
    },

    onSnapshot() {
      this.openedWith ??= this.call;
    },
    /** Read the place in line at once; events do not bring it, and the next heartbeat is late. */
    async readPlace() {
      const answer = await fetch(`/api/tickets/${data.key}/`).catch(() => null);
      if (!answer?.ok) return;
      /** @type {Wire.TicketSnapshot} */
      const { before, wait_minutes } = await answer.json();
      this.figures = { ...this.figures, before, wait_minutes };
    },
    async enableRinging() {
      this.canRing = await unlockSound();
      if (this.canRing) await chime();
    },
    ring() {
      vibrate(RING_MS);
      chime();
    },

    /**
     * Which call this is: being called again is another one. Empty while nobody calls.
     * @returns {string}
     */
    get call() {
      return this.is("therapist_confirmed") ? `call ${this.visit?.calls ?? 1}` : "";
    },
    /** @returns {string} */
    get callWords() {
      const room = this.visit?.room_number;
      return room ? this.say("called_to", { room }) : this.say("called");
    },
    /** @returns {number | null} */
    get before() {
      return this.is("pending_therapist") ? (this.figures?.before ?? null) : null;
    },
    /**
     * Nothing where the server cannot know.
     * @returns {[number, number] | null}
     */
    get wait() {
      return this.before === null ? null : (this.figures?.wait_minutes ?? null);
    },
    /** @returns {string} */
    get receiptUrl() {
      const key = this.visit?.payment?.receipt_key;
      return key ? data.receipt_url.replace("KEY", key) : "";
    },
    /** @returns {Wire.TransactionData | null} */
    get visit() {
      return this.rows[0] ?? null;
    },
    /** @returns {Wire.Status | ""} */
    get status() {
      return this.visit?.status ?? "";
    },
    /** @returns {number} */
    get step() {
      const { status } = this;
      return STEPS.findIndex((statuses) => status !== "" && statuses.includes(status));
    },
    /** @returns {string} */
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
    /**
     * @param {Wire.Status[]} statuses
     * @returns {boolean}
     */
    is(...statuses) {
      return this.status !== "" && statuses.includes(this.status);
    },
    /**
     * @param {number} number
     * @returns {"ahead" | "done" | "now"}
     */
    stepState(number) {
      if (this.step < 0 || number > this.step) return "ahead";
      const isOver = number < this.step || this.status === "paid";
      return isOver ? "done" : "now";
    },
  }),
);

Alpine.start();
