/**
 * Steps other than the usual next one (give back, hold, cancel, ...): a dialog asks about each of
 * them before it is sent, and the last step can be undone for a minute, unless somebody goes on.
 *
 * A component takes these with `...stepDialog` beside `...floor`; the dialog is
 * templates/parts/_step_dialog.html.
 */

import { component } from "./component.js";
import { isAble } from "./lanes.js";
import { floor } from "./live.js";
import { say } from "./page.js";
import { isFree } from "./statistics.js";

const UNDO_WITHIN_MS = 60_000;

/**
 * @typedef {"therapist_no_show" | "therapist_release" | "therapist_hand_over"
 *   | "therapist_change_room" | "staff_hold" | "staff_set_request" | "staff_cancel"
 *   | "manager_cancel" | "undo"} StepCommand
 * @typedef {Pick<Wire.TransactionData, "id" | "version" | "code" | "status">
 *   & { command: string, until: number }} Undoable
 * @typedef {{ value: string, words: string }} Option
 */

/** @type {Set<string>} */
const REASON_REQUIRED = new Set(["therapist_release", "staff_cancel", "manager_cancel"]);
/** @type {Set<string>} */
const WITH_OPTIONS = new Set(["therapist_hand_over", "therapist_change_room", "staff_set_request"]);
/** The choice of a customer who asks for nobody. */
const ANYONE = "anyone";
/** @type {Set<string>} */
const DESTRUCTIVE = new Set(["staff_cancel", "manager_cancel"]);
/** @type {Set<string>} */
const UNDOABLE = new Set([
  "therapist_confirm_next",
  "therapist_start_service",
  "therapist_finish_service",
  "therapist_no_show",
  "staff_cancel",
  "manager_cancel",
]);

export const stepDialog = component(
  {
    /** The command the dialog asks about, and the transaction it is about. */
    stepCommand: /** @type {StepCommand | ""} */ (""),
    stepRow: /** @type {Wire.TransactionData | null} */ (null),
    reason: "",
    choice: "",
    /** The version that an undo of a visit led to: nothing is undone twice. */
    undone: /** @type {Record<number, number>} */ ({}),
    /** The step this person has just taken, while it can be undone. */
    latest: /** @type {Undoable | null} */ (null),

    /**
     * @param {StepCommand} command
     * @param {Wire.TransactionData} row
     */
    openStepDialog(command, row) {
      this.stepCommand = command;
      this.stepRow = row;
      this.reason = this.choice = this.problem = "";
      // Its contents are there by then, and have the focus.
      this.$nextTick(() => dialog().showModal());
    },
    /** What was refused belongs to the dialog, and goes with it. */
    stepDialogClosed() {
      this.stepCommand = "";
      this.problem = "";
    },
    closeStepDialog() {
      dialog().close();
    },
    /**
     * @param {string} kind of sentence
     * @returns {string}
     */
    stepText(kind) {
      const { code = "", room_number: room = "" } = this.stepRow ?? {};
      return this.stepCommand ? say(`${kind}.${this.stepCommand}`, { code, room }) : "";
    },
    /**
     * What the step means for the customer.
     * @returns {string}
     */
    stepHelp() {
      if (this.stepCommand !== "undo") return this.stepText("step_help");
      return this.stepRow ? say(`undo_help.${this.stepRow.status}`) : "";
    },
    /** @returns {boolean} */
    stepTakesReason() {
      return this.stepCommand !== "undo" && this.stepCommand !== "staff_set_request";
    },
    /** @returns {string[]} */
    stepReasons() {
      const reasons = this.stepText("step_reasons");
      return reasons ? reasons.split("|") : [];
    },
    /** @returns {boolean} */
    stepRequiresReason() {
      return REASON_REQUIRED.has(this.stepCommand);
    },
    /** @returns {boolean} */
    stepIsDestructive() {
      return DESTRUCTIVE.has(this.stepCommand);
    },
    /** @returns {Option[]} */
    stepOptions() {
      if (this.stepCommand === "therapist_hand_over") return this.freeTherapists(this.stepRow);
      if (this.stepCommand === "therapist_change_room") return freeRooms(this.rooms);
      if (this.stepCommand === "staff_set_request") return this.requestable(this.stepRow);
      return [];
    },
    /** @returns {boolean} */
    stepHasOptions() {
      return WITH_OPTIONS.has(this.stepCommand);
    },
    /** @returns {boolean} */
    stepIsComplete() {
      const hasReason = !this.stepRequiresReason() || this.reason.trim() !== "";
      return hasReason && (!this.stepHasOptions() || this.choice !== "");
    },
    /**
     * Colleagues on duty without a customer who have the skills that the visit needs; a page that
     * knows none offers none.
     * @param {Wire.TransactionData | null} row
     * @returns {Option[]}
     */
    freeTherapists(row) {
      const busy = new Set(this.rows.map(({ therapist_id }) => therapist_id));
      return this.ableTherapists(row)
        .filter(({ id, presence }) => isFree(presence, busy.has(id)) && id !== row?.therapist_id)
        .map(({ id, name }) => ({ value: String(id), words: name }));
    },

    /**
     * @param {Wire.TransactionData | null} row
     * @returns {Wire.TherapistData[]}
     */
    ableTherapists(row) {
      return this.therapists.filter(({ id }) => isAble(id, row?.skills ?? [], this.skills));
    },

    /**
     * Whom a waiting customer may ask for: nobody in particular, or a therapist at work who has the
     * skills.
     * @param {Wire.TransactionData | null} row
     * @returns {Option[]}
     */
    requestable(row) {
      const able = this.ableTherapists(row);
      const present = able.filter(({ presence }) => presence !== "off_duty");
      const options = present.map(({ id, name }) => ({ value: String(id), words: name }));
      return [{ value: ANYONE, words: say("anyone") }, ...options];
    },

    /** @param {boolean} bill whether what was done is charged, where a visit is ended */
    async submitStep(bill) {
      const { stepCommand, stepRow } = this;
      if (!stepCommand || !stepRow || !this.stepIsComplete()) return;
      const transaction_id = stepRow.id;
      const reason = this.reason.trim();
      const because = reason ? { transaction_id, reason } : { transaction_id };
      if (await this.sendStep(stepCommand, because, bill)) this.closeStepDialog();
    },
    /**
     * @param {StepCommand} command
     * @param {Wire.Because} because
     * @param {boolean} bill
     * @returns {Promise<Wire.TransactionReply | null>}
     */
    sendStep(command, because, bill) {
      const { reason = "" } = because;
      switch (command) {
        case "undo":
          return this.sendUndo(because.transaction_id, this.stepRow?.version);
        case "therapist_hand_over":
          return this.actUndoably(command, { ...because, therapist_id: Number(this.choice) });
        case "therapist_change_room":
          return this.actUndoably(command, { ...because, room_number: this.choice });
        case "staff_set_request":
          return this.actUndoably(command, requestOf(because.transaction_id, this.choice));
        case "manager_cancel":
          return this.actUndoably(command, { ...because, reason, bill });
        case "therapist_release":
        case "staff_cancel":
          return this.actUndoably(command, { ...because, reason });
        default:
          return this.actUndoably(command, because);
      }
    },

    /**
     * Send a command, and remember it while it can be taken back.
     * @template {TransactionCommand} Name
     * @param {Name} command
     * @param {Wire.Commands[Name]["data"]} data
     * @param {import("./optimistic.js").OptimisticUpdate} [update]
     * @returns {Promise<Wire.TransactionReply | null>}
     */
    async actUndoably(command, data, update) {
      const answer = await this.act(command, data, update);
      if (answer && UNDOABLE.has(command)) this.rememberForUndo(command, answer.transaction);
      return answer;
    },
    /**
     * @param {string} command
     * @param {Wire.TransactionData} transaction
     */
    rememberForUndo(command, { id, version, code, status }) {
      this.latest = { command, id, version, code, status, until: this.now + UNDO_WITHIN_MS };
    },
    /**
     * Whoever goes on with the visit ends the undo, on whichever screen it is by then.
     * @param {Wire.TransactionData} transaction
     */
    onTransaction({ id, version }) {
      if (this.latest?.id === id && version > this.latest.version) this.latest = null;
    },
    /** @returns {string} */
    undoWords() {
      return say(`undo.${this.latest?.command}`);
    },
    /**
     * Whether the minute is not over, and the visit has not gone on.
     * @returns {boolean}
     */
    canUndo() {
      const { latest } = this;
      if (latest === null || this.now >= latest.until) return false;
      const row = this.rows.find(({ id }) => id === latest.id);
      return row === undefined || row.version === latest.version;
    },
    async undo() {
      if (!this.latest) return;
      const { id, version } = this.latest;
      this.latest = null;
      await this.sendUndo(id, version);
    },
    /**
     * @param {number} transaction_id
     * @param {number | undefined} version as this person saw it
     * @returns {Promise<Wire.TransactionReply | null>}
     */
    async sendUndo(transaction_id, version) {
      const answer = await this.act("undo", { transaction_id, version });
      if (answer) this.undone = { ...this.undone, [transaction_id]: answer.transaction.version };
      return answer;
    },
  },
  floor,
);

/**
 * @typedef {"room_set_status" | "staff_set_presence" | "therapist_clock_in" | "therapist_break"
 *   | "therapist_clock_out" | "approve" | "cashier_open_drawer" | "cashier_move_cash"
 *   | "cashier_count_drawer" | "cashier_close_drawer" | "cashier_refund"
 *   | "manager_change_turns" | "therapist_show_note" | "work_at"} OtherCommand
 * @typedef {Exclude<keyof Wire.Commands, OtherCommand>} TransactionCommand
 */

/**
 * The staff have asked the customer: if the therapist is not free in time, somebody else will do.
 * @param {number} transaction_id
 * @param {string} choice
 * @returns {Wire.SetRequest}
 */
function requestOf(transaction_id, choice) {
  if (choice === ANYONE) return { transaction_id };
  return { transaction_id, requested_therapist_id: Number(choice), preference: "anyone" };
}

/** @returns {HTMLDialogElement} */
function dialog() {
  return /** @type {HTMLDialogElement} */ (document.getElementById("step-dialog"));
}

/**
 * @param {readonly Wire.RoomData[]} rooms
 * @returns {Option[]}
 */
function freeRooms(rooms) {
  return rooms
    .filter(({ status }) => status === "available")
    .map(({ number }) => ({ value: number, words: number }));
}
