/**
 * Tips, and payments in parts: what a customer gives on top, and by which methods.
 *
 * The till takes these with `...tenders`; the panel is templates/payments/_tip_and_split.html.
 */

import { component } from "./component.js";
import { tidy } from "./keypad.js";
import { centsOf, fromCents, toCents } from "./money.js";

/** What the till has beside it. */
const needed = {
  current: /** @type {Wire.TransactionData | null} */ (null),
  chosen: /** @type {Wire.MethodData | null} */ (null),
  amount: "",
  method: "",
  due: 0,
  tendered: /** @type {number | null} */ (null),
  mayType: false,
  busy: "",
};

export const tenders = component(
  {
    /** As it is typed. */
    tip: "",
    /** Whether the amount typed is only a part of the payment. */
    isSplitting: false,
    /** The parts before the one that is typed. */
    parts: /** @type {{ method: string, amount: string }[]} */ ([]),

    forgetTenders() {
      this.tip = "";
      this.isSplitting = false;
      this.parts = [];
    },

    /**
     * @returns {number | null} null for what is no amount
     */
    tipCents() {
      return this.tip === "" ? 0 : toCents(tidy(this.tip));
    },
    /**
     * What terminals have approved before, in cents.
     * @returns {number}
     */
    received() {
      return centsOf(this.current?.received_amount ?? "");
    },
    /** @returns {string} */
    receivedAmount() {
      return fromCents(this.received());
    },
    /**
     * Whether the amount typed is for a terminal, which gives no change.
     * @returns {boolean}
     */
    isTerminalPart() {
      return this.isSplitting && this.chosen?.kind === "terminal";
    },
    /**
     * Whether something is still to be paid after the amount typed.
     * @returns {boolean}
     */
    isPart() {
      return this.isSplitting && (this.tendered ?? 0) > 0 && (this.tendered ?? 0) < this.due;
    },
    /** @returns {boolean} */
    mayKeepChange() {
      return this.mayType && this.chosen?.kind === "cash" && (this.tendered ?? 0) > this.due;
    },

    /** @param {number} percent of what is due */
    tipPercent(percent) {
      if (this.busy) return;
      const due = centsOf(this.current?.amount_due ?? "");
      this.tip = fromCents(Math.round((due * percent) / 100));
    },
    /** What was given and is not due is the tip. */
    keepTheChange() {
      if (!this.mayKeepChange()) return;
      this.tip = fromCents((this.tipCents() ?? 0) + (this.tendered ?? 0) - this.due);
    },
    toggleSplit() {
      if (this.busy || !this.current) return;
      this.isSplitting = !this.isSplitting;
      if (!this.isSplitting) this.parts = [];
    },
    addPart() {
      if (!this.isPart()) return;
      this.parts = [...this.parts, { method: this.method, amount: fromCents(this.tendered ?? 0) }];
      this.amount = "";
    },
    /** @param {number} place */
    removePart(place) {
      this.parts = this.parts.filter((_part, index) => index !== place);
    },
    /**
     * The payment as it is sent: in parts, or whole.
     * @param {string} method of the last part, or of all
     * @param {string} amount
     * @returns {Pick<Wire.Tendered, "amount_paid" | "method" | "tenders">}
     */
    tendersOf(method, amount) {
      if (this.parts.length === 0) return { amount_paid: amount, method };
      return { tenders: [...this.parts, { method, amount }] };
    },
  },
  needed,
);
