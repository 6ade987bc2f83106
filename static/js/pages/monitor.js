/**
 * The monitor page: the whole floor at a glance.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { component } from "../lib/component.js";
import { countBelow, densityOf } from "../lib/crowding.js";
import { floor } from "../lib/live.js";
import { formatting, pageData } from "../lib/page.js";
import { presence } from "../lib/presence.js";
import { rotation } from "../lib/rotation.js";
import { counters, duty, inGroup, urgencyOf, waits } from "../lib/statistics.js";
import { minutesSince } from "../lib/time.js";
import { whenWide } from "../lib/viewport.js";

/** @type {Wire.MonitorPage} */
const { groups } = pageData();

/** Below this width, in letters, tiles are drawn as if there were more of them. */
const WIDE_REM = 82;

/** @type {Record<"waiting" | "serving" | "finished" | "counter", readonly Wire.Status[]>} */
const COLUMNS = {
  waiting: groups.waiting,
  serving: groups.with_therapist,
  finished: groups.ready_to_pay,
  counter: groups.with_cashier,
};
/** Only waiting can be too long: a treatment takes its time. */
const WAITS = [...groups.waiting, ...groups.ready_to_pay];

/**
 * @typedef {"queued_at" | "therapist_confirmed_at" | "service_start_at" | "service_finish_at"
 *   | "cashier_claimed_at"} Moment
 */

/**
 * Since when a transaction is in the state it is in.
 * @type {Partial<Record<Wire.Status, Moment>>}
 */
const SINCE = {
  pending_therapist: "queued_at",
  on_hold: "queued_at",
  therapist_confirmed: "therapist_confirmed_at",
  in_service: "service_start_at",
  finished: "service_finish_at",
  awaiting_payment: "cashier_claimed_at",
  paying: "cashier_claimed_at",
};

// The refs as the page's root sees them: a row of a list has its own.
/** @type {{ room: HTMLDialogElement }} */
let refs;

Alpine.data("monitor", () =>
  component({
    ...floor,
    ...formatting,
    ...presence,
    ...rotation,

    /** The room in the manager's dialog, and its new state. */
    asked: /** @type {(Wire.RoomData & { turn: "open" | "close" }) | null} */ (null),

    /** How many cards of each column are below what is in sight. */
    below: /** @type {Record<string, number>} */ ({}),

    isWide: true,

    init() {
      refs = /** @type {typeof refs} */ (this.$refs);
      whenWide(WIDE_REM, (isWide) => {
        this.isWide = isWide;
      });
      this.startSync();
      const sizes = new ResizeObserver(() => this.countBelow());
      for (const list of columnLists(this.$root)) {
        sizes.observe(list);
        list.addEventListener("scroll", () => this.countBelow(), { passive: true });
      }
      this.$watch("rows", () => this.$nextTick(() => this.countBelow()));
    },
    /** A wall is not scrolled: what does not fit is a number. */
    countBelow() {
      for (const list of columnLists(this.$root)) {
        const cards = /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll(".visit-card"));
        this.below[list.dataset.column ?? ""] = countBelow(list, cards);
      }
    },
    /**
     * @param {number} count
     * @returns {"roomy" | "dense" | "packed"}
     */
    densityOf(count) {
      return densityOf(count, this.isWide);
    },

    waits() {
      return waits(this.rows, this.coarseNow, groups);
    },
    duty() {
      const { cashiers = 0 } = this.figures ?? {};
      return duty(this.rows, { therapists: this.therapists, cashiers }, groups);
    },
    /**
     * Nothing before the day's first treatment has ended.
     * @returns {string}
     */
    usualLength() {
      const minutes = this.figures?.service_minutes ?? null;
      return minutes === null ? "–" : this.length(Math.round(minutes));
    },
    /**
     * @param {keyof typeof COLUMNS} name
     * @returns {Wire.TransactionData[]}
     */
    column(name) {
      return inGroup(this.rows, COLUMNS[name]);
    },
    /**
     * @param {Wire.TransactionData} row
     * @returns {number}
     */
    minutesIn(row) {
      const moment = SINCE[row.status];
      return minutesSince(moment ? row[moment] : null, this.coarseNow);
    },
    /**
     * @param {Wire.TransactionData} row
     * @returns {"" | "long" | "too-long"}
     */
    urgency(row) {
      if (!WAITS.includes(row.status)) return "";
      return urgencyOf(this.minutesIn(row));
    },
    urgencyOf,
    counters() {
      return counters(this.cashiers, this.rows, groups);
    },
    /**
     * The greatest age of the shown state: a heartbeat comes every five seconds.
     * @returns {number}
     */
    age() {
      return Math.max(0, Math.round((this.now - this.heardAt) / 1000));
    },
    toggleFullScreen() {
      if (document.fullscreenElement) document.exitFullscreen();
      else document.documentElement.requestFullscreen();
    },
    /**
     * @param {Wire.TransactionData} row
     * @returns {boolean}
     */
    isOvertime(row) {
      return row.status === "in_service" && this.minutesIn(row) > row.total_duration_minutes;
    },
    /**
     * @param {Wire.TransactionData} row
     * @returns {string}
     */
    atTerminal(row) {
      return this.length(minutesSince(row.attempt?.started_at ?? null, this.coarseNow));
    },
    /**
     * A manager ends a payment whose cashier cannot.
     * @param {Wire.TransactionData} row
     * @param {boolean} approved
     */
    async enterResult(row, approved) {
      await this.act("cashier_payment_result", {
        transaction_id: row.id,
        attempt_id: row.attempt?.id ?? null,
        approved,
      });
    },
    /** @param {Wire.TransactionData} row */
    services(row) {
      return row.items.map((item) => item.service_name).join(", ");
    },
    /** @param {Wire.RoomStatus} status */
    roomCount(status) {
      return this.rooms.filter((room) => room.status === status).length;
    },
    /**
     * Closed, or about to be.
     * @param {Wire.RoomData} room
     * @returns {boolean}
     */
    isClosed(room) {
      return room.closing || room.status === "out_of_service";
    },
    /** @param {Wire.RoomData} room */
    askRoom(room) {
      this.problem = "";
      this.asked = { ...room, turn: this.isClosed(room) ? "open" : "close" };
      refs.room.showModal();
    },
    leaveRoom() {
      refs.room.close();
    },
    /**
     * The words of the question; their name ends like this.
     * @param {string} ending
     * @returns {string}
     */
    roomWords(ending) {
      return this.asked
        ? this.say(`${this.asked.turn}_room${ending}`, { room: this.asked.number })
        : "";
    },
    /** @returns {string} */
    roomHelp() {
      if (this.asked?.turn !== "close") return this.roomWords("_help");
      return this.roomWords(this.asked?.status === "occupied" ? "_later" : "_help");
    },
    async switchRoom() {
      if (!this.asked) return;
      const status = this.asked.turn === "close" ? "out_of_service" : "available";
      const choice = { room_number: this.asked.number, status };
      if (await this.act("room_set_status", choice)) this.leaveRoom();
    },
    /**
     * @param {Wire.RoomData} room
     * @returns {Wire.TransactionData | null}
     */
    guestOf(room) {
      const served = this.column("serving");
      return served.find(({ room_number }) => room_number === room.number) ?? null;
    },
    /**
     * @param {Wire.TransactionData} row
     * @returns {number}
     */
    minutesLeft(row) {
      return row.total_duration_minutes - this.minutesIn(row);
    },
    /**
     * What is left, or with a sign what is too much.
     * @param {Wire.TransactionData} row
     * @returns {string}
     */
    timeLeft(row) {
      const left = this.minutesLeft(row);
      return left < 0 ? `+${this.shortLength(-left)}` : this.shortLength(left);
    },
  }),
);

/**
 * @param {HTMLElement} root
 * @returns {NodeListOf<HTMLElement>}
 */
function columnLists(root) {
  return root.querySelectorAll(".column-rows");
}

Alpine.start();
