/**
 * Steps off the straight road (give back, hold, cancel, ...): each is asked about in a dialog
 * before it is sent, and the last step can be taken back for a minute.
 * A component takes these with `...ways` beside `...floor`; templates/parts/_step_dialog.html is the dialog.
 */

import { say } from "./page.js";

const UNDO_FOR = 60_000;
const DEMAND_A_REASON = new Set(["therapist_release", "staff_cancel", "manager_cancel"]);
const CAN_BE_TAKEN_BACK = new Set([
  "therapist_confirm_next",
  "therapist_start_service",
  "therapist_finish_service",
  "therapist_no_show",
  "staff_cancel",
  "manager_cancel",
  "cashier_claim_next",
  "cashier_claim",
]);
/** What else a step needs: the field it is sent in. */
const CHOICES = { therapist_hand_over: "therapist_id", therapist_change_room: "room_number" };

export const ways = {
  /** The command the dialog asks about, and the transaction it is about. */
  way: "",
  about: null,
  reason: "",
  choice: "",
  /** The step this person has just taken, while it can be taken back. */
  latest: null,

  askWay(command, row) {
    Object.assign(this, { way: command, about: row, reason: "", choice: "", problem: "" });
    dialog().showModal();
  },
  closeWay() {
    dialog().close();
  },
  wayWords(kind) {
    return this.way ? say(`${kind}.${this.way}`, { code: this.about.code }) : "";
  },
  wayReasons() {
    const reasons = this.wayWords("reasons");
    return reasons ? reasons.split("|") : [];
  },
  wayDemandsReason() {
    return DEMAND_A_REASON.has(this.way);
  },
  wayOptions() {
    if (this.way === "therapist_hand_over") return this.freeTherapists(this.about);
    if (this.way === "therapist_change_room") return freeRooms(this.rooms);
    return [];
  },
  wayHasOptions() {
    return this.way in CHOICES;
  },
  wayIsComplete() {
    const hasReason = !this.wayDemandsReason() || this.reason.trim() !== "";
    return hasReason && (!this.wayHasOptions() || this.choice !== "");
  },
  /** Colleagues without a customer; a page that knows none offers none. */
  freeTherapists(row) {
    const busy = new Set(this.rows.map(({ therapist_id }) => therapist_id));
    return (this.therapists ?? [])
      .filter(({ id }) => !busy.has(id) && id !== row.therapist_id)
      .map(({ id, name }) => ({ value: String(id), words: name }));
  },

  async goWay(bill) {
    if (!this.wayIsComplete()) return;
    const { way, about } = this;
    const data = { transaction_id: about.id };
    if (this.reason.trim()) data.reason = this.reason.trim();
    if (way === "manager_cancel") data.bill = bill === true;
    if (CHOICES[way]) data[CHOICES[way]] = chosen(way, this.choice);
    if (await this.step(way, data)) this.closeWay();
  },

  async step(command, data, guess) {
    const answer = await this.act(command, data, guess);
    if (answer && CAN_BE_TAKEN_BACK.has(command)) this.remember(answer.transaction);
    return answer;
  },
  remember({ id, version, code, status }) {
    this.latest = { id, version, code, status, until: this.now + UNDO_FOR };
  },
  /** Until the minute is over, or somebody has gone on. */
  canUndo() {
    if (this.latest === null || this.now >= this.latest.until) return false;
    const row = this.rows.find(({ id }) => id === this.latest.id);
    return row === undefined || row.version === this.latest.version;
  },
  async undo() {
    const { id, version } = this.latest;
    this.latest = null;
    return this.act("undo", { transaction_id: id, version });
  },
};

function dialog() {
  return document.getElementById("way");
}

function freeRooms(rooms) {
  return rooms
    .filter(({ status }) => status === "available")
    .map(({ number }) => ({ value: number, words: number }));
}

function chosen(way, choice) {
  return way === "therapist_hand_over" ? Number(choice) : choice;
}
