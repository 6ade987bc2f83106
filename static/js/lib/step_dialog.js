/**
 * Steps off the straight road (give back, hold, cancel, ...): each is asked about in a dialog
 * before it is sent, and the last step can be taken back for a minute.
 * A component takes these with `...stepDialog` beside `...floor`; templates/parts/_step_dialog.html is the dialog.
 */

import { say } from "./page.js";

const UNDO_WITHIN = 60_000;
const REASON_REQUIRED = new Set(["therapist_release", "staff_cancel", "manager_cancel"]);
const UNDOABLE = new Set([
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

export const stepDialog = {
  /** The command the dialog asks about, and the transaction it is about. */
  stepCommand: "",
  stepRow: null,
  reason: "",
  choice: "",
  /** The step this person has just taken, while it can be taken back. */
  latest: null,

  openStepDialog(command, row) {
    Object.assign(this, {
      stepCommand: command,
      stepRow: row,
      reason: "",
      choice: "",
      problem: "",
    });
    dialog().showModal();
  },
  closeStepDialog() {
    dialog().close();
  },
  stepText(kind) {
    return this.stepCommand ? say(`${kind}.${this.stepCommand}`, { code: this.stepRow.code }) : "";
  },
  stepReasons() {
    const reasons = this.stepText("step_reasons");
    return reasons ? reasons.split("|") : [];
  },
  stepRequiresReason() {
    return REASON_REQUIRED.has(this.stepCommand);
  },
  stepOptions() {
    if (this.stepCommand === "therapist_hand_over") return this.freeTherapists(this.stepRow);
    if (this.stepCommand === "therapist_change_room") return freeRooms(this.rooms);
    return [];
  },
  stepHasOptions() {
    return this.stepCommand in CHOICES;
  },
  stepIsComplete() {
    const hasReason = !this.stepRequiresReason() || this.reason.trim() !== "";
    return hasReason && (!this.stepHasOptions() || this.choice !== "");
  },
  /** Colleagues without a customer; a page that knows none offers none. */
  freeTherapists(row) {
    const busy = new Set(this.rows.map(({ therapist_id }) => therapist_id));
    return (this.therapists ?? [])
      .filter(({ id }) => !busy.has(id) && id !== row.therapist_id)
      .map(({ id, name }) => ({ value: String(id), words: name }));
  },

  async submitStep(bill) {
    if (!this.stepIsComplete()) return;
    const { stepCommand, stepRow } = this;
    const data = { transaction_id: stepRow.id };
    if (this.reason.trim()) data.reason = this.reason.trim();
    if (stepCommand === "manager_cancel") data.bill = bill === true;
    if (CHOICES[stepCommand]) data[CHOICES[stepCommand]] = chosen(stepCommand, this.choice);
    if (await this.actUndoably(stepCommand, data)) this.closeStepDialog();
  },

  async actUndoably(command, data, update) {
    const answer = await this.act(command, data, update);
    if (answer && UNDOABLE.has(command)) this.rememberForUndo(answer.transaction);
    return answer;
  },
  rememberForUndo({ id, version, code, status }) {
    this.latest = { id, version, code, status, until: this.now + UNDO_WITHIN };
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
  return document.getElementById("step-dialog");
}

function freeRooms(rooms) {
  return rooms
    .filter(({ status }) => status === "available")
    .map(({ number }) => ({ value: number, words: number }));
}

function chosen(stepCommand, choice) {
  return stepCommand === "therapist_hand_over" ? Number(choice) : choice;
}
