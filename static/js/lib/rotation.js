/**
 * The therapists' turns on screens: their order, who is next and why, and the day's ledger.
 *
 * A component takes these with `...rotation` beside `...floor`; the words are
 * templates/parts/_turn_words.html, the dialog is templates/queueing/_turns_today.html. The order is
 * the server's (queueing/turns.py); here it is only told who of it could call now.
 */

import { component } from "./component.js";
import { floor } from "./live.js";
import { pageData, say } from "./page.js";
import { inGroup, isFree } from "./statistics.js";

/** @type {Wire.LivePage} */
const { groups } = pageData();

const LEDGER_URL = "/api/turns/";
/** What a manager may choose in place of a number. */
const TO_THE_END = "end";
const figures = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 2 });
const changes = new Intl.NumberFormat(document.documentElement.lang, {
  maximumFractionDigits: 2,
  signDisplay: "exceptZero",
});

/** @typedef {{ therapist: string, change: string, reason: string }} TurnForm */

/** @returns {TurnForm} */
const emptyForm = () => ({ therapist: "", change: "", reason: "" });

export const rotation = component(
  {
    /** The day's ledger, while it is looked at. */
    ledger: /** @type {Wire.TurnsOfDay | null} */ (null),
    turnForm: emptyForm(),

    /**
     * All therapists, those with a place in the rotation first and in its order.
     * @returns {Wire.TherapistData[]}
     */
    peopleInOrder() {
      const places = new Map(
        this.turnOrder().map(({ therapist_id }, place) => [therapist_id, place]),
      );
      const placeOf = (/** @type {Wire.TherapistData} */ { id }) => places.get(id) ?? places.size;
      return [...this.therapists].sort((one, other) => placeOf(one) - placeOf(other));
    },
    /**
     * Everyone who has clocked in, who is next first.
     * @returns {Wire.StandingData[]}
     */
    turnOrder() {
      const present = this.therapists.filter(({ presence }) => presence !== "off_duty");
      const keys = new Set(present.map(({ id }) => id));
      return (this.rotation?.order ?? []).filter(({ therapist_id }) => keys.has(therapist_id));
    },
    /**
     * @param {number} id of a therapist
     * @returns {Wire.StandingData | null}
     */
    standingOf(id) {
      return this.turnOrder().find(({ therapist_id }) => therapist_id === id) ?? null;
    },
    /**
     * Whether a therapist could call a customer now: on duty, without one, and with a room.
     * @param {number} id
     * @returns {boolean}
     */
    couldCall(id) {
      const therapist = this.therapists.find((each) => each.id === id);
      if (!therapist) return false;
      const treated = inGroup(this.rows, groups.with_therapist);
      const room = this.rooms.find(({ number }) => number === therapist.room_number);
      const hasRoom = room?.status === "available" || room?.status === "occupied";
      const isBusy = treated.some(({ therapist_id }) => therapist_id === id);
      return (
        isFree(therapist.presence, isBusy) && (hasRoom || this.rotation?.shared_rooms === true)
      );
    },
    /** @returns {Wire.StandingData | null} */
    nextInTurn() {
      return this.turnOrder().find(({ therapist_id }) => this.couldCall(therapist_id)) ?? null;
    },
    /**
     * @param {number} id of a therapist
     * @returns {boolean}
     */
    isNextInTurn(id) {
      return this.nextInTurn()?.therapist_id === id;
    },
    /**
     * @param {number} id of a therapist
     * @returns {string}
     */
    turnsOf(id) {
      const standing = this.standingOf(id);
      return standing ? turnWords(standing.turns) : "";
    },
    /**
     * Why it is my turn or not, in one sentence with figures.
     * @returns {string}
     */
    turnSentence() {
      const next = this.nextInTurn();
      const me = this.me?.id ?? 0;
      if (!next) return say(this.standingOf(me) ? "turn.nobody" : "turn.first");
      if (next.therapist_id === me) return say("turn.mine");
      const own = this.standingOf(me);
      const words = { name: next.name, turns: turnWords(next.turns) };
      if (!own) return say("turn.join", words);
      if (Number(own.turns) === Number(next.turns)) return say("turn.equal", words);
      return say("turn.fewer", { ...words, own: figures.format(Number(own.turns)) });
    },

    async openLedger() {
      await this.readLedger();
      ledgerDialog().showModal();
    },
    async readLedger() {
      const answer = await fetch(LEDGER_URL);
      if (answer.ok) this.ledger = await answer.json();
    },
    closeLedger() {
      ledgerDialog().close();
    },
    ledgerClosed() {
      this.turnForm = emptyForm();
      this.problem = "";
    },
    /**
     * @param {Wire.TurnData} turn
     * @returns {string}
     */
    changeOfTurn(turn) {
      return changes.format(Number(turn.turns));
    },
    /**
     * @param {Wire.TurnData} turn
     * @returns {string}
     */
    kindOfTurn({ kind }) {
      return say(`turn_kind.${kind}`);
    },
    /** @returns {boolean} */
    isTurnProblem() {
      return this.problem !== "" && this.problemOf === "manager_change_turns";
    },
    /** A manager's change, which all staff of the branch can read. */
    async changeTurns() {
      const { therapist, change, reason } = this.turnForm;
      const turns = change === TO_THE_END ? null : change;
      const choice = { therapist_id: Number(therapist), turns, reason };
      if (!(await this.act("manager_change_turns", choice))) return;
      this.turnForm = emptyForm();
      await this.readLedger();
    },
  },
  floor,
);

/**
 * @param {string} turns
 * @returns {string}
 */
function turnWords(turns) {
  const form = Number(turns) === 1 ? "one" : "other";
  return say(`turns.${form}`, { count: figures.format(Number(turns)) });
}

/** @returns {HTMLDialogElement} */
function ledgerDialog() {
  return /** @type {HTMLDialogElement} */ (document.getElementById("turns-today"));
}
