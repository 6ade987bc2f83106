/**
 * The monitor: the whole floor at a glance.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { floor } from "../lib/live.js";
import { formatting } from "../lib/page.js";
import { counters, duty, urgencyOf, waits } from "../lib/statistics.js";
import { minutesSince } from "../lib/time.js";

const COLUMNS = {
  waiting: ["pending_therapist", "on_hold"],
  serving: ["therapist_confirmed", "in_service"],
  finished: ["finished"],
  counter: ["awaiting_payment", "paying"],
};

/** Since when a transaction is in the state it is in. */
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
let refs;

Alpine.data("monitor", () => ({
  ...floor,
  ...formatting,

  cashiers: [],
  /** The room a manager is asked about, and what it is to be. */
  asked: null,

  init() {
    refs = this.$refs;
    this.startSync();
  },

  waits() {
    return waits(this.rows, this.coarseNow);
  },
  duty() {
    return duty(this.rows, this.figures);
  },
  /** Nothing before the day's first treatment has ended. */
  usualLength() {
    const minutes = this.figures.service_minutes;
    return minutes === null ? "–" : this.length(Math.round(minutes));
  },
  column(name) {
    return this.rows.filter((row) => COLUMNS[name].includes(row.status));
  },
  minutesIn(row) {
    return minutesSince(row[SINCE[row.status]], this.coarseNow);
  },
  /** Only waiting can be too long: a treatment takes its time. */
  urgency(row) {
    if (!["pending_therapist", "finished"].includes(row.status)) return "";
    return urgencyOf(this.minutesIn(row));
  },
  urgencyOf,
  counters() {
    return counters(this.cashiers, this.rows);
  },
  /** How old what is shown can be: the server speaks every five seconds. */
  age() {
    return Math.max(0, Math.round((this.now - this.heardAt) / 1000));
  },
  toggleFullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen();
  },
  isOvertime(row) {
    return row.status === "in_service" && this.minutesIn(row) > row.total_duration_minutes;
  },
  atTerminal(row) {
    return this.length(minutesSince(row.attempt.started_at, this.coarseNow));
  },
  /** A manager ends a payment whose cashier cannot. */
  async enter(row, approved) {
    await this.act("cashier_payment_result", {
      transaction_id: row.id,
      attempt_id: row.attempt.id,
      approved,
    });
  },
  services(row) {
    return row.items.map((item) => item.service_name).join(", ");
  },
  roomCount(status) {
    return this.rooms.filter((room) => room.status === status).length;
  },
  /** Closed, or about to be. */
  isClosed(room) {
    return room.closing || room.status === "out_of_service";
  },
  askRoom(room) {
    this.problem = "";
    this.asked = { ...room, turn: this.isClosed(room) ? "open" : "close" };
    refs.room.showModal();
  },
  leaveRoom() {
    refs.room.close();
  },
  /** The words of the question; their name ends like this. */
  roomWords(ending) {
    return this.asked
      ? this.say(`${this.asked.turn}_room${ending}`, { room: this.asked.number })
      : "";
  },
  roomHelp() {
    if (this.asked?.turn !== "close") return this.roomWords("_help");
    return this.roomWords(this.asked.status === "occupied" ? "_later" : "_help");
  },
  async switchRoom() {
    const status = this.asked.turn === "close" ? "out_of_service" : "available";
    const choice = { room_number: this.asked.number, status };
    if (await this.act("room_set_status", choice)) this.leaveRoom();
  },
  guestOf(room) {
    const isThere = (row) =>
      row.room_number === room.number && COLUMNS.serving.includes(row.status);
    return this.rows.find(isThere) ?? null;
  },
  minutesLeft(row) {
    return row.total_duration_minutes - this.minutesIn(row);
  },
}));

Alpine.start();
