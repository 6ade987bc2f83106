/**
 * The waiting room's screen: codes and rooms, nothing else.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { Announcer } from "../lib/announcer.js";
import { CallOrder, NewCalls, pageOf } from "../lib/board.js";
import { component } from "../lib/component.js";
import { floor } from "../lib/live.js";
import { formatting, pageData, say } from "../lib/page.js";
import { chime, speak, unlockSound } from "../lib/sound.js";
import { inGroup } from "../lib/statistics.js";
import { local } from "../lib/storage.js";
import { storedValue } from "../lib/stored_value.js";
import { hideCursor, keepScreenOn, preventBurnIn, reloadNightly } from "../lib/unattended.js";

/** @type {Wire.BoardPage} */
const { groups } = pageData();

const PAGE_TURNS_EVERY_MS = 8000;
const CALLS_SHOWN = 5;
const NEXT_SHOWN = 5;

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

    init() {
      const isCalled = (/** @type {Wire.BoardRow} */ call) => this.isCalled(call);
      const announcer = new Announcer({ chime, speak: callAloud, isCalled });
      this.$watch("called", () => {
        if (!this.loaded) return;
        for (const call of newCalls.of(this.called)) announcer.announce(call);
      });
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
     * The last calls; whoever has not come yet has a page to be seen on.
     * @returns {Wire.BoardRow[]}
     */
    get recent() {
      const earlier = this.called.slice(1);
      if (earlier.length > CALLS_SHOWN) return pageOf(earlier, CALLS_SHOWN, this.turn);
      return [...earlier, ...this.come].slice(0, CALLS_SHOWN);
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
     * Who is called next, in the order of the line; who is on hold is passed over.
     * @returns {readonly Wire.BoardRow[]}
     */
    get upNext() {
      return this.waiting.filter(({ status }) => status !== "on_hold").slice(0, NEXT_SHOWN);
    },
    /**
     * @param {Wire.BoardRow} call
     * @returns {boolean}
     */
    isCalled(call) {
      return this.called.some((row) => row.id === call.id);
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

/**
 * "Number 0 0 4 2, room 3": digits one by one.
 * @param {Wire.BoardRow} call
 */
function callAloud({ code, room_number: room }) {
  const digits = [...code].join(" ");
  const sentence = room ? say("call_with_room", { digits, room }) : say("call", { digits });
  return speak(sentence, document.documentElement.lang);
}

Alpine.start();
