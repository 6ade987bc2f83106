/**
 * The waiting room's screen: codes and rooms, nothing else.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { Announcer } from "../lib/announcer.js";
import { CallOrder, NewCalls, pageOf, placesOf } from "../lib/board.js";
import { component } from "../lib/component.js";
import { floor } from "../lib/live.js";
import { formatting, pageData, say } from "../lib/page.js";
import { chime, speak, unlockSound } from "../lib/sound.js";
import { inGroup } from "../lib/statistics.js";
import { local } from "../lib/storage.js";
import { storedValue } from "../lib/stored_value.js";
import { hideCursor, keepScreenOn, preventBurnIn, reloadNightly } from "../lib/unattended.js";

/** @type {Wire.BoardPage} */
const { groups, wait_url: waitUrl } = pageData();

const PAGE_TURNS_EVERY_MS = 8000;
const CALLS_SHOWN = 5;
const NEXT_SHOWN = 5;
const COUNTERS_SHOWN = 3;
const WAIT_EVERY_MS = 20_000;

const order = new CallOrder();
const newCalls = new NewCalls();
/** @type {import("../lib/stored_value.js").StoredValue<boolean>} */
const hadSound = storedValue(local, "board.sound");

Alpine.data("board", () =>
  component({
    ...floor,
    ...formatting,
    rows: /** @type {readonly Wire.BoardRow[]} */ ([]),
    turn: 0,
    hasSound: false,
    /** What the branch shows in its waiting room. */
    message: "",
    picture: "",
    /** How long who comes now has to wait, in words; empty when nobody knows. */
    waitNow: "",

    init() {
      const isCalled = (/** @type {Wire.BoardRow} */ call) => this.isCalled(call);
      const announcer = new Announcer({ chime, speak: callAloud, isCalled });
      this.$watch("announced", () => {
        if (!this.loaded) return;
        for (const call of newCalls.of(this.announced)) announcer.announce(call);
      });
      this.readWait();
      setInterval(() => this.readWait(), WAIT_EVERY_MS);
      this.startSync();
      this.runUnattended();
      setInterval(() => this.turn++, PAGE_TURNS_EVERY_MS);
    },
    runUnattended() {
      preventBurnIn(this.$root);
      hideCursor(this.$root);
      keepScreenOn();
      reloadNightly();
      // A browser started for this may sound without a touch; others complain, so they are asked.
      if (hadSound.get()) this.turnSoundOn();
    },
    async turnSoundOn() {
      this.hasSound = await unlockSound();
      hadSound.set(this.hasSound);
    },

    /** @param {Partial<Wire.BoardSnapshot>} snapshot */
    onSnapshot({ message = "", picture = "" }) {
      this.message = message;
      this.picture = picture;
    },
    async readWait() {
      const answer = await fetch(waitUrl).catch(() => null);
      if (!answer?.ok) return;
      const { wait_minutes: range } = await answer.json();
      this.waitNow = range ? this.waitWords(range) : "";
    },
    /**
     * Those whom a cashier waits for.
     * @returns {Wire.BoardRow[]}
     */
    get toCounter() {
      return this.rows.filter(isAtCounter);
    },
    /** @returns {Wire.BoardRow[]} */
    get counterPage() {
      return pageOf(this.toCounter, COUNTERS_SHOWN, this.turn);
    },
    /** @returns {Wire.BoardRow[]} */
    get announced() {
      return [...this.called, ...this.toCounter];
    },
    /** @returns {Wire.BoardRow[]} */
    get calls() {
      return order.newestFirst(this.rows.filter((row) => isCalled(row) || isInTreatment(row)));
    },
    /** @returns {Wire.BoardRow[]} */
    get called() {
      return this.calls.filter(isCalled);
    },
    /** @returns {Wire.BoardRow[]} */
    get come() {
      return this.calls.filter(isInTreatment);
    },
    /** @returns {Wire.BoardRow[]} */
    get latest() {
      return this.called.slice(0, 1);
    },
    /**
     * Each further line of the board takes the place of a call: a wall is not scrolled.
     * @returns {number}
     */
    get callsShown() {
      const isOwn = this.message !== "" || this.picture !== "";
      const lines = [this.toCounter.length > 0, this.upNext.length > 0, isOwn];
      return CALLS_SHOWN - lines.filter(Boolean).length;
    },
    /**
     * The last calls; whoever has not come yet has a page to be seen on.
     * @returns {Wire.BoardRow[]}
     */
    get recent() {
      const earlier = this.called.slice(1);
      const shown = this.callsShown;
      if (earlier.length > shown) return pageOf(earlier, shown, this.turn);
      return [...earlier, ...this.come].slice(0, shown);
    },
    /** @returns {number} */
    get waitingCount() {
      return this.waiting.length;
    },
    /** @returns {readonly Wire.BoardRow[]} */
    get waiting() {
      return inGroup(this.rows, groups.waiting);
    },
    /**
     * The line in its order; who is on hold is passed over.
     * @returns {Wire.BoardRow[]}
     */
    get line() {
      return this.waiting.filter(({ status }) => status !== "on_hold");
    },
    /**
     * Who is called next: a wall is not scrolled, so a long line is shown a page at a time.
     * @returns {Wire.BoardRow[]}
     */
    get upNext() {
      return pageOf(this.line, NEXT_SHOWN, this.turn);
    },
    /** @returns {string} the places in the line of those shown, where there are more */
    get placesShown() {
      return placesOf(this.line, NEXT_SHOWN, this.turn);
    },
    /**
     * @param {Wire.BoardRow} call
     * @returns {boolean}
     */
    isCalled(call) {
      return this.announced.some((row) => row.id === call.id);
    },
    /**
     * @param {Wire.BoardRow} row
     * @returns {string}
     */
    callKey(row) {
      return `${row.id}.${row.calls ?? 1}`;
    },
  }),
);

/** @param {Wire.BoardRow} row */
function isCalled(row) {
  return row.status === "therapist_confirmed";
}

/** @param {Wire.BoardRow} row */
function isInTreatment(row) {
  return row.status === "in_service";
}

/** @param {Wire.BoardRow} row */
function isAtCounter(row) {
  return row.status === "awaiting_payment";
}

/**
 * "Number 0 0 4 2, room 3": digits one by one.
 * @param {Wire.BoardRow} call
 */
function callAloud(call) {
  return speak(wordsOf(call), document.documentElement.lang);
}

/** @param {Wire.BoardRow} call */
function wordsOf(call) {
  const digits = [...call.code].join(" ");
  const { room_number: room, counter_number: counter } = call;
  if (isAtCounter(call)) {
    return counter ? say("call_to_counter", { digits, counter }) : say("call", { digits });
  }
  return room ? say("call_with_room", { digits, room }) : say("call", { digits });
}

Alpine.start();
