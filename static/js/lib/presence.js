/**
 * The therapists' presence on screens: its words, and how it is set.
 *
 * A component takes these with `...presence` beside `...floor`; the words are
 * templates/parts/_presence_words.html.
 */

import { component } from "./component.js";
import { floor } from "./live.js";
import { pageData, say, timeOfDay } from "./page.js";
import { inGroup, isFree } from "./statistics.js";

/** @type {Wire.LivePage} */
const { groups } = pageData();

/** @typedef {"on_duty" | "on_break" | "off_duty"} Presence */

export const presence = component(
  {
    /**
     * @param {Wire.TherapistData} therapist
     * @returns {Wire.TransactionData | null}
     */
    customerOf(therapist) {
      const treated = inGroup(this.rows, groups.with_therapist);
      return treated.find((row) => row.therapist_id === therapist.id) ?? null;
    },
    /**
     * @param {Wire.TherapistData} therapist
     * @returns {string}
     */
    presenceWords(therapist) {
      const { presence, back_at } = therapist;
      if (presence === "on_break" && back_at) {
        return say("presence.on_break_until", { time: timeOfDay(Date.parse(back_at)) });
      }
      return say(`presence.${presence}`);
    },
    /**
     * Whether they may get a customer.
     * @param {Wire.TherapistData} therapist
     * @returns {boolean}
     */
    isAvailable(therapist) {
      return isFree(therapist.presence, this.customerOf(therapist) !== null);
    },
    /** @returns {number} */
    availableCount() {
      return this.therapists.filter((each) => this.isAvailable(each)).length;
    },
    /**
     * Whether the button that leads there is offered; nobody leaves with a customer.
     * @param {Wire.TherapistData} therapist
     * @param {Presence} to
     * @returns {boolean}
     */
    mayBecome(therapist, to) {
      if (to === "on_duty") return therapist.presence !== "on_duty";
      if (to === "on_break") return therapist.presence === "on_duty";
      return therapist.presence !== "off_duty" && this.customerOf(therapist) === null;
    },
    /**
     * The word on the button that puts them on duty.
     * @param {Wire.TherapistData} therapist
     * @returns {string}
     */
    returnWords(therapist) {
      return say(`return.${therapist.presence}`);
    },
    /**
     * @param {Wire.TherapistData} therapist
     * @returns {string}
     */
    breakWords(therapist) {
      return say(this.customerOf(therapist) ? "break.next" : "break.now");
    },
    /**
     * @param {Wire.TherapistData} therapist
     * @param {Presence} to
     */
    async setPresence(therapist, to) {
      await this.act("staff_set_presence", { therapist_id: therapist.id, presence: to });
    },
  },
  floor,
);
