/**
 * Refunds at the till: a receipt is found by its number, and its money given back: all that is left,
 * treatments, or an amount; or the sale is made void.
 *
 * A component takes these with `...refunds` beside `...floor` and `...formatting`, and opens the
 * dialog (templates/payments/_refund_dialog.html) with `openRefund(number)`.
 */

import { component } from "./component.js";
import { focusOnceShown } from "./focus.js";
import { IdempotentRequest, sendIdempotently } from "./idempotency.js";
import { tidy } from "./keypad.js";
import { floor } from "./live.js";
import { centsOf, fromCents, toCents } from "./money.js";
import { say } from "./page.js";
import { codeOf } from "./refusal.js";
import { session } from "./storage.js";
import { storedValue } from "./stored_value.js";

/**
 * @typedef {"whole" | "lines" | "amount" | "void"} RefundKind
 * @typedef {Omit<Wire.Refunded, "request_id" | "approval">} Wanted
 */

/** @type {IdempotentRequest<Wanted>} */
const refundRequest = new IdempotentRequest(storedValue(session, "till.refund"));

export const refunds = component(
  {
    isRefunding: false,
    /** What is typed to find the receipt, and what was found. */
    refundNumber: "",
    refundable: /** @type {Wire.RefundableData | null} */ (null),
    refundKind: /** @type {RefundKind} */ ("whole"),
    refundLines: /** @type {number[]} */ ([]),
    refundAmount: "",
    refundTip: false,
    /** Empty: by the methods that took it. */
    refundMethod: "",
    refundReason: "",
    refundNeedsManager: false,
    refundManager: "",
    refundPin: "",
    /** The refund that was just made. */
    refundMade: /** @type {Wire.RefundData | null} */ (null),

    /** @param {number} [receiptNumber] */
    async openRefund(receiptNumber) {
      if (this.cannotAct()) return;
      this.forgetRefund();
      this.isRefunding = true;
      dialog().showModal();
      if (receiptNumber) {
        this.refundNumber = String(receiptNumber);
        await this.findReceipt();
      } else {
        focusOnceShown(() => document.getElementById("refund-number") ?? undefined);
      }
    },
    closeRefund() {
      dialog().close();
    },
    refundClosed() {
      this.forgetRefund();
      this.isRefunding = false;
    },
    forgetRefund() {
      this.refundable = this.refundMade = null;
      this.refundNumber = this.refundReason = this.problem = "";
      this.chooseRefund("whole");
    },
    /** @param {RefundKind} kind */
    chooseRefund(kind) {
      this.refundKind = kind;
      this.refundLines = [];
      this.refundAmount = this.refundMethod = "";
      this.refundTip = false;
      this.forgetApprover();
    },
    forgetApprover() {
      this.refundNeedsManager = false;
      this.refundManager = this.refundPin = "";
    },
    /** Ask for the receipt, or send the refund: what Enter does now. */
    async submitRefund() {
      if (this.refundMade) this.closeRefund();
      else if (this.refundable) await this.giveBack();
      else await this.findReceipt();
    },
    async findReceipt() {
      const number = Number(this.refundNumber);
      this.problem = "";
      if (!Number.isInteger(number) || number < 1) return;
      try {
        const response = await fetch(`/api/receipts/${number}/`);
        const answer = await response.json();
        if (response.ok) this.refundable = answer;
        else this.problem = answer.error ?? say("no_receipt");
      } catch {
        this.problem = say("no_receipt");
      }
      if (this.refundable) {
        focusOnceShown(() => document.getElementById("refund-reason") ?? undefined);
      }
    },
    /**
     * @param {RefundKind} kind
     * @returns {boolean}
     */
    isRefundKind(kind) {
      return this.refundKind === kind;
    },
    /** @param {number} id */
    toggleRefundLine(id) {
      this.forgetApprover();
      this.refundLines = this.isRefundLine(id)
        ? this.refundLines.filter((each) => each !== id)
        : [...this.refundLines, id];
    },
    /**
     * @param {number} id
     * @returns {boolean}
     */
    isRefundLine(id) {
      return this.refundLines.includes(id);
    },
    /** @returns {boolean} */
    hasTipLeft() {
      return this.refundable !== null && this.refundable.tip_left !== "0.00";
    },
    /**
     * What is given back, in cents; null for an amount that is none, or more than is left.
     * @returns {number | null}
     */
    refundCents() {
      const { refundable, refundKind } = this;
      if (!refundable) return null;
      const left = centsOf(refundable.left);
      const tip = this.refundTip || refundKind === "void" ? centsOf(refundable.tip_left) : 0;
      if (refundKind === "amount") {
        const typed = toCents(tidy(this.refundAmount));
        return typed === null || typed > left ? null : typed + tip;
      }
      if (refundKind !== "lines") return left + tip;
      const chosen = refundable.lines.filter(({ item_id }) => this.isRefundLine(item_id));
      return chosen.reduce((sum, line) => sum + centsOf(line.left), tip);
    },
    /** @returns {string} */
    refundSum() {
      return fromCents(this.refundCents() ?? 0);
    },
    /** @returns {boolean} */
    refundIsComplete() {
      if (!this.refundable) return this.refundNumber.trim() !== "";
      if (!this.refundCents() || this.refundReason.trim() === "") return false;
      if (this.refundKind === "lines" && this.refundLines.length === 0) return false;
      return (
        !this.refundNeedsManager || (this.refundManager.trim() !== "" && this.refundPin !== "")
      );
    },
    /** @returns {Wanted} */
    wantedRefund() {
      const receipt_number = this.refundable?.receipt_number ?? 0;
      const reason = this.refundReason.trim();
      if (this.refundKind === "void") return { receipt_number, void: true, reason };
      return {
        receipt_number,
        ...(this.refundKind === "lines" ? { lines: [...this.refundLines] } : {}),
        ...(this.refundKind === "amount"
          ? { amount: fromCents(centsOf(tidy(this.refundAmount))) }
          : {}),
        ...(this.refundMethod === "" ? {} : { method: this.refundMethod }),
        tip: this.refundTip,
        reason,
      };
    },
    async giveBack() {
      if (!this.refundIsComplete() || this.cannotAct()) return;
      const wanted = refundRequest.begin(this.wantedRefund());
      const answer = await this.attempt("cashier_refund", async () => {
        const data = this.refundNeedsManager ? await this.approvedRefund(wanted) : wanted;
        return sendIdempotently(refundRequest, () =>
          this.requestUntilAnswered("cashier_refund", data),
        ).catch((refusal) => {
          if (codeOf(refusal) === "approval_needed") this.askForApprover();
          throw refusal;
        });
      });
      if (answer) this.refundMade = answer.refund;
    },
    askForApprover() {
      this.refundNeedsManager = true;
      focusOnceShown(() => document.getElementById("refund-manager") ?? undefined);
    },
    /**
     * Add a manager's approval, entered at this till.
     * @param {Wire.Refunded} wanted
     * @returns {Promise<Wire.Refunded>}
     */
    async approvedRefund(wanted) {
      const asked = { username: this.refundManager.trim(), pin: this.refundPin };
      this.refundPin = "";
      const { approval } = await this.sync().socket.request("approve", {
        ...asked,
        command: "cashier_refund",
        data: { ...wanted },
      });
      return { ...wanted, approval };
    },
  },
  floor,
);

/** @returns {HTMLDialogElement} */
function dialog() {
  return /** @type {HTMLDialogElement} */ (document.getElementById("refund-dialog"));
}
