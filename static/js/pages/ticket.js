/**
 * The customer's own page: where I am, where to go, what it costs.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { cartOf, storedCart } from "../lib/cart.js";
import { component } from "../lib/component.js";
import { focusOnceShown } from "../lib/focus.js";
import { floor } from "../lib/live.js";
import { formatting, pageData } from "../lib/page.js";
import { chime, unlockSound, vibrate } from "../lib/sound.js";
import { local } from "../lib/storage.js";
import { stopwatch } from "../lib/time.js";

/** @type {Wire.TicketPage} */
const data = pageData();

const MINUTE_MS = 60_000;

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
      this.$watch("questionCount", (count, before) => {
        if (count > before) this.ring();
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
    /**
     * An end of the wait that was told with the order, as a time of day.
     * @param {0 | 1} end
     * @returns {string}
     */
    quotedAt(end) {
      const { quoted_wait: quoted = null, selection_confirmed_at: at = null } = this.visit ?? {};
      return quoted && at ? this.timeOfDay(Date.parse(at) + quoted[end] * MINUTE_MS) : "";
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
    /**
     * What the therapist has added and this customer has not answered.
     * @returns {Wire.ItemData[]}
     */
    get questions() {
      const items = this.is("in_service") ? (this.visit?.items ?? []) : [];
      return items.filter(({ consent }) => consent === "asked");
    },
    /** @returns {number} */
    get questionCount() {
      return this.questions.length;
    },
    /**
     * @param {Wire.ItemData} item
     * @param {boolean} accepted
     */
    async answer(item, accepted) {
      await this.act("customer_answer_item", { key: data.key, item_id: item.id, accepted });
      focusOnceShown(() => document.getElementById("bill-title") ?? undefined);
    },
    /** Put this order into the cart of this phone, unless another one is begun there. */
    fillCart() {
      const { visit } = this;
      const cart = storedCart(local, visit?.branch ?? "");
      if (visit && !cart.get()?.choices.length) cart.set(cartOf(visit));
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
