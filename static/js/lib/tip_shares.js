/**
 * Shares of a tip at the till: the visit's therapist gets it all, unless it is shared out here.
 *
 * A component takes these with `...tipShares` beside `...tenders` and `...floor`; the dialog is
 * templates/payments/_tip_dialog.html.
 */

import { component } from "./component.js";
import { focusOnceShown } from "./focus.js";
import { tidy } from "./keypad.js";
import { floor } from "./live.js";
import { centsOf, fromCents, splitEvenly, toCents } from "./money.js";
import { tenders } from "./tenders.js";

/**
 * @typedef {{ therapist_id: number, name: string, amount: string }} TipShare empty: gets nothing
 */

/** What the till has beside it. */
const needed = {
  ...floor,
  ...tenders,
  current: /** @type {Wire.TransactionData | null} */ (null),
};

export const tipShares = component(
  {
    isSharingTip: false,
    /** Who may get a part of the tip, and what each gets, while the dialog is open. */
    tipPeople: /** @type {TipShare[]} */ ([]),
    tipPeopleFailed: false,
    /** The shares as they were decided; empty: all goes to the visit's therapist. */
    sharesOfTip: /** @type {TipShare[]} */ ([]),

    async openTipShares() {
      if (!this.current || !this.tipCents() || this.cannotAct()) return;
      this.isSharingTip = true;
      this.tipPeopleFailed = false;
      dialog().showModal();
      try {
        const response = await fetch("/api/tips/");
        if (!response.ok) throw new Error(response.statusText);
        /** @type {Wire.TipsOfDay} */
        const { therapists } = await response.json();
        this.tipPeople = this.peopleFrom(therapists);
      } catch {
        this.tipPeopleFailed = true;
      }
      focusOnceShown(() => document.querySelector("#tip-dialog .tip-person input") ?? undefined);
    },
    closeTipShares() {
      dialog().close();
    },
    tipSharesClosed() {
      this.isSharingTip = false;
      this.tipPeople = [];
    },
    /**
     * The visit's own therapist first, with what was decided before, or all of it.
     * @param {Wire.TipsOfTherapist[]} therapists
     * @returns {TipShare[]}
     */
    peopleFrom(therapists) {
      const own = this.current?.therapist_id;
      const known = new Map(
        this.sharesInForce().map((share) => [share.therapist_id, share.amount]),
      );
      const all = fromCents(this.tipCents() ?? 0);
      const people = therapists.map(({ therapist_id, name }) => ({
        therapist_id,
        name,
        amount: known.get(therapist_id) ?? (known.size === 0 && therapist_id === own ? all : ""),
      }));
      return people.sort(
        (one, two) => Number(two.therapist_id === own) - Number(one.therapist_id === own),
      );
    },
    /** @returns {TipShare[]} those who get something now */
    chosenTipPeople() {
      return this.tipPeople.filter(({ amount }) => amount.trim() !== "");
    },
    /**
     * Add somebody to those who share the tip, or take them out: all then get the same.
     * @param {TipShare} person
     */
    toggleTipPerson(person) {
      person.amount = person.amount.trim() === "" ? "0.00" : "";
      const chosen = this.chosenTipPeople();
      const parts = splitEvenly(this.tipCents() ?? 0, chosen.length);
      chosen.forEach((each, place) => {
        each.amount = fromCents(parts[place] ?? 0);
      });
    },
    /**
     * What is still to be shared out, in cents; null while an amount is none, or nothing.
     * @returns {number | null}
     */
    tipLeft() {
      const parts = this.chosenTipPeople().map(({ amount }) => toCents(tidy(amount)));
      if (parts.some((part) => !part)) return null;
      return parts.reduce((left, part) => (left ?? 0) - (part ?? 0), this.tipCents() ?? 0);
    },
    /** @returns {boolean} */
    tipIsShared() {
      return this.chosenTipPeople().length > 0 && this.tipLeft() === 0;
    },
    /** @returns {string} */
    fromTip() {
      return fromCents(this.tipCents() ?? 0);
    },
    /** @returns {string} */
    tipLeftAmount() {
      return fromCents(Math.max(0, this.tipLeft() ?? 0));
    },
    /** @returns {string} */
    tipOverAmount() {
      return fromCents(Math.max(0, -(this.tipLeft() ?? 0)));
    },
    saveTipShares() {
      if (!this.tipIsShared()) return;
      this.sharesOfTip = this.chosenTipPeople().map(({ therapist_id, name, amount }) => ({
        therapist_id,
        name,
        amount: fromCents(centsOf(tidy(amount))),
      }));
      this.closeTipShares();
    },
    forgetTipShares() {
      this.sharesOfTip = [];
    },
    /**
     * The decided shares, as long as they add up to the tip: one that changes is shared out anew.
     * @returns {TipShare[]}
     */
    sharesInForce() {
      const sum = this.sharesOfTip.reduce((total, { amount }) => total + centsOf(amount), 0);
      return sum === this.tipCents() ? this.sharesOfTip : [];
    },
    /** @returns {string} who gets the tip */
    tipReceivers() {
      const shares = this.sharesInForce();
      if (shares.length === 0) return this.current?.therapist ?? "";
      return shares.map(({ name, amount }) => `${name} ${amount}`).join(", ");
    },
    /**
     * The shares as they are sent, with the tip that they are of.
     * @returns {Pick<Wire.Tendered, "tip_amount" | "tip_shares">}
     */
    tipSent() {
      const cents = this.tipCents() ?? 0;
      if (this.tip === "") return {};
      const shares = this.sharesInForce();
      const tip_shares = shares.map(({ therapist_id, amount }) => ({ therapist_id, amount }));
      return {
        tip_amount: fromCents(cents),
        ...(cents && shares.length > 0 ? { tip_shares } : {}),
      };
    },
  },
  needed,
);

/** @returns {HTMLDialogElement} */
function dialog() {
  return /** @type {HTMLDialogElement} */ (document.getElementById("tip-dialog"));
}
