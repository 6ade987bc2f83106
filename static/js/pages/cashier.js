/**
 * The cashier's desk: who is finished, what they owe, and the change they get.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { billTools } from "../lib/bill_tools.js";
import { inCash, likelyTenders } from "../lib/cash.js";
import { component } from "../lib/component.js";
import { focusOnceShown } from "../lib/focus.js";
import { IdempotentRequest, sendIdempotently } from "../lib/idempotency.js";
import { keyOf, press, tidy } from "../lib/keypad.js";
import { floor } from "../lib/live.js";
import { centsOf, fromCents, moneyFormat, toCents } from "../lib/money.js";
import { formatting, pageData, say } from "../lib/page.js";
import { refunds } from "../lib/refund.js";
import { codeOf, Refusal } from "../lib/refusal.js";
import { pastSales } from "../lib/sales.js";
import { screenLock } from "../lib/screen_lock.js";
import { findCustomers } from "../lib/search.js";
import { session } from "../lib/storage.js";
import { storedValue } from "../lib/stored_value.js";
import { tenders } from "../lib/tenders.js";
import { minutesSince, stopwatch } from "../lib/time.js";
import { tipShares } from "../lib/tip_shares.js";

/** @type {Wire.CashierPage} */
const data = pageData();

/** Written on the buttons, and in the sheet of keys (templates/payments/_keys.html). */
const KEYS = /** @type {const} */ ({
  F2: "claim",
  F3: "openDrawer",
  F4: "exact",
  F6: "print",
  F7: "openDiscounts",
  F8: "openAdding",
  F9: "pay",
  Escape: "goBack",
  "+": "giveMore",
  "?": "openKeys",
  h: "openSales",
  k: "keepTheChange",
  r: "refund",
  s: "toggleSplit",
  t: "enterTip",
});

/**
 * @typedef {Omit<Wire.Tendered, "request_id"> & { cashier_id: number }} Payment
 * @typedef {Wire.PaymentData & { cashier_id: number, code: string, isShown: boolean,
 *   tenders: Wire.TenderData[] }} Change
 */
/** In which a second Enter cannot be meant for the change. */
const DEAD_TIME_MS = 400;

/** @type {IdempotentRequest<Payment>} */
const paymentRequest = new IdempotentRequest(storedValue(session, "till.payment"));
/** @type {import("../lib/stored_value.js").StoredValue<Change>} */
const receipt = storedValue(session, "till.change");

/** What stands on a note or coin: no decimals where they say nothing. */
const face = moneyFormat(document.documentElement.lang, data.currency, {
  trailingZeroDisplay: "stripIfInteger",
});

// The refs as the page's root sees them: a button that has just gone sees none any more.
/** @type {{ amount: HTMLInputElement, tip: HTMLInputElement, claim: HTMLElement,
 *   correct: HTMLElement, next: HTMLElement, keys: HTMLDialogElement, print: HTMLFormElement,
 *   release: HTMLElement, drawer?: HTMLElement }} */
let refs;

Alpine.data("cashier", () =>
  component({
    ...floor,
    ...formatting,
    ...billTools,
    ...refunds,
    ...pastSales,
    ...tenders,
    ...tipShares,
    ...screenLock,
    /** How a customer may pay, as the managers have it, and how this one does. */
    methods: /** @type {Wire.MethodData[]} */ ([]),
    method: "",
    amount: "",
    reference: "",
    /** What is typed to find a customer in the line. */
    sought: "",
    /** What the server asks about an unlikely amount, until it is answered. */
    question: "",
    /** What this cashier has taken today, once it was asked for. */
    day: /** @type {Wire.DayData | null} */ (null),
    /** The payment whose change is on the screen, until "Next"; and the last there was. */
    paid: /** @type {Change | null} */ (null),
    last: /** @type {Change | null} */ (null),
    me: /** @type {Wire.CashierSelf | null} */ (null),
    /** The method that a terminal has just declined for the current customer, or empty. */
    declined: "",
    /** Whether a hand may wave the change away by now. */
    isSettled: true,

    init() {
      refs = /** @type {typeof refs} */ (this.$refs);
      this.$watch("current", (now, before) => this.noticeDecline(now, before));
      this.startSync();
      this.startInactivityTimer();
    },

    /**
     * The terminal's answer may have been entered on another screen.
     * @param {Wire.TransactionData | null} now
     * @param {Wire.TransactionData | null} before
     */
    noticeDecline(now, before) {
      if (now?.status === before?.status && now?.id === before?.id) return;
      const isDeclined = now?.id === before?.id && now?.status === "awaiting_payment";
      this.declined = isDeclined ? (before?.attempt?.method_name ?? "") : "";
    },

    /** @param {import("../lib/live.js").Snapshot} snapshot */
    onSnapshot({ methods = [], discounts = [] }) {
      this.methods = methods;
      this.discounts = discounts;
      if (!this.chosen) this.startAfresh();
      const kept = receipt.get();
      if (kept && kept.cashier_id === this.me?.id) {
        this.last = kept;
        // One that an earlier version of this page kept has no parts.
        this.paid = kept.isShown ? { ...kept, tenders: kept.tenders ?? [] } : null;
      }
      const payment = paymentRequest.unfinished();
      if (payment && payment.cashier_id === this.me?.id && !this.busy) this.send(payment);
    },

    /** @returns {Wire.TransactionData | null} */
    get current() {
      return this.rows.find((row) => row.cashier_id === this.me?.id) ?? null;
    },
    /** @returns {Wire.TransactionData[]} */
    get waiting() {
      return this.rows.filter((row) => row.status === "finished");
    },
    /**
     * The customers in the line whom the search finds.
     * @returns {readonly Wire.TransactionData[]}
     */
    get found() {
      return findCustomers(this.waiting, this.sought);
    },
    /** @returns {Wire.TransactionData[]} */
    get others() {
      return this.rows.filter((row) => row.status !== "finished" && row.cashier_id !== this.me?.id);
    },
    /** @returns {Wire.TransactionData | null} */
    get next() {
      return this.waiting[0] ?? null;
    },

    /** @returns {Wire.MethodData | null} */
    get chosen() {
      return this.methods.find(({ code }) => code === this.method) ?? null;
    },
    /** @returns {boolean} */
    get isAtTerminal() {
      return this.current?.status === "paying";
    },
    /** @returns {boolean} */
    get isFree() {
      return this.current !== null && this.due === 0 && this.parts.length === 0;
    },
    /** @returns {boolean} */
    get byTerminal() {
      return !this.isFree && !this.isSplitting && this.chosen?.kind === "terminal";
    },
    /**
     * Whether somebody types what they were given.
     * @returns {boolean}
     */
    get needsAmount() {
      return this.current !== null && !this.isAtTerminal && !this.byTerminal && !this.isFree;
    },
    /** @returns {boolean} */
    get mayType() {
      return this.needsAmount && !this.busy && !this.question;
    },
    /** @returns {boolean} */
    get canPay() {
      if (this.tipCents() === null) return false;
      if (this.isTerminalPart() && (this.tendered ?? 0) > this.due) return false;
      return this.byTerminal || this.isFree || this.isEnough || this.isPart();
    },
    /**
     * Where nothing is due, no terminal is asked for it.
     * @returns {string}
     */
    get withoutTerminal() {
      return this.methods.find(({ kind }) => kind !== "terminal")?.code ?? this.method;
    },
    /** @returns {string} */
    get fromDue() {
      return fromCents(this.due);
    },
    /** @returns {string} */
    get terminalTime() {
      return stopwatch(this.current?.attempt?.started_at, this.now);
    },

    /**
     * From the tap to the answer, however often the connection breaks in between.
     * @returns {boolean}
     */
    get isPaying() {
      return this.busy === "cashier_pay";
    },
    /** @returns {number} */
    get due() {
      const { current, parts } = this;
      const paid = parts.reduce((sum, { amount }) => sum + centsOf(amount), this.received());
      return Math.max(0, centsOf(current?.amount_due ?? "") + (this.tipCents() ?? 0) - paid);
    },
    /** @returns {number | null} */
    get tendered() {
      return toCents(tidy(this.amount));
    },
    /** @returns {boolean} */
    get isEnough() {
      return this.tendered !== null && this.tendered >= this.due;
    },
    /** @returns {string} */
    get change() {
      return fromCents(Math.max(0, (this.tendered ?? 0) - this.due));
    },
    /** @returns {string} */
    get missing() {
      return fromCents(Math.max(0, this.due - (this.tendered ?? 0)));
    },
    /** @returns {boolean} */
    get isNonsense() {
      return this.amount !== "" && this.tendered === null;
    },
    /** @returns {string[]} */
    get quickAmounts() {
      return likelyTenders(this.due, data.currency).map(fromCents);
    },
    /**
     * A terminal gives no change: whether nothing was paid in cash.
     * @returns {boolean}
     */
    get wasByTerminal() {
      const kinds = new Map(this.methods.map(({ code, kind }) => [code, kind]));
      const tenders = this.paid?.tenders ?? [];
      return tenders.length > 0 && tenders.every(({ method }) => kinds.get(method) === "terminal");
    },
    /** The change on the screen, as a hand counts it out. */
    get changeInCash() {
      const sum = centsOf(this.paid?.change_amount ?? "");
      return inCash(sum, data.currency).map((part) => ({
        ...part,
        words: face(fromCents(part.value)),
      }));
    },

    /**
     * @param {Wire.TransactionData} row
     * @returns {number}
     */
    waitOf(row) {
      return minutesSince(row.queued_at, this.coarseNow);
    },

    /**
     * @param {Wire.TransactionData} row
     * @returns {string}
     */
    atTerminal(row) {
      return row.attempt ? this.length(minutesSince(row.attempt.started_at, this.now)) : "";
    },
    /**
     * @param {string} code
     * @returns {string}
     */
    methodName(code) {
      return this.methods.find((method) => method.code === code)?.name ?? code;
    },
    /**
     * @param {string} key
     * @returns {string}
     */
    receiptAddress(key) {
      return data.receipt_url.replace("KEY", key);
    },

    /**
     * @param {string} key
     * @returns {string}
     */
    refundAddress(key) {
      return data.refund_url.replace("KEY", key);
    },
    /** The key's refund: of the receipt on the screen, else of one to be named. */
    async refund() {
      await this.openRefund(this.paid?.receipt_number);
    },

    startAfresh() {
      this.method = this.methods[0]?.code ?? "";
      this.amount = "";
      this.reference = "";
      this.question = "";
      this.forgetTenders();
      this.forgetTipShares();
      this.sought = "";
    },
    async claim() {
      await this.claimBy("cashier_claim_next", {});
    },
    /** @param {Wire.TransactionData} row */
    async take(row) {
      await this.claimBy("cashier_claim", { code: row.code });
    },
    /**
     * @template {"cashier_claim_next" | "cashier_claim"} Name
     * @param {Name} command
     * @param {Wire.Commands[Name]["data"]} data
     */
    async claimBy(command, data) {
      if (!this.$store.connection.live || this.current || this.paid) return;
      this.startAfresh();
      if (!this.next) this.showHint(say("nobody_ready"));
      else if (await this.act(command, data)) focusOnceShown(() => refs.amount);
    },
    async release() {
      if (!this.current) return;
      if (await this.act("cashier_release", { transaction_id: this.current.id })) {
        this.startAfresh();
        focusOnceShown(() => refs.claim);
      }
    },
    /** @param {string} key */
    press(key) {
      this.amount = press(this.amount, key);
    },
    /** @param {string} amount */
    tender(amount) {
      this.amount = amount;
    },
    async pay() {
      if (this.isPart() && this.mayType) this.addPart();
      else if (!this.question) await this.submitPayment({});
    },
    /** The amount is right after all. */
    async confirmAmount() {
      this.question = "";
      await this.submitPayment({ confirmed: true });
    },
    correctAmount() {
      this.question = "";
      focusOnceShown(() => refs.amount);
    },
    /** @param {{ confirmed?: boolean }} more */
    async submitPayment(more) {
      const { current, me, tendered } = this;
      if (!current || !me || this.isAtTerminal || !this.canPay) return;
      if (!this.$store.connection.live) return;
      await this.send(
        paymentRequest.begin({
          cashier_id: me.id,
          transaction_id: current.id,
          ...this.tendersOf(
            this.isFree ? this.withoutTerminal : this.method,
            fromCents(this.needsAmount ? (tendered ?? 0) : this.due),
          ),
          ...this.tipSent(),
          expected_total: current.amount_due,
          ...more,
        }),
      );
    },
    /** @param {Payment & { request_id: string }} payment */
    async send({ cashier_id: _, ...payment }) {
      const answer = await this.attempt("cashier_pay", () =>
        sendIdempotently(paymentRequest, () =>
          this.requestUntilAnswered("cashier_pay", payment),
        ).catch((refusal) => this.askAboutAmount(refusal)),
      );
      this.settle(answer);
    },
    /**
     * An unlikely amount is a question, no refusal.
     * @param {unknown} refusal
     * @returns {{ transaction?: Wire.TransactionData }} nothing new of the transaction
     */
    askAboutAmount(refusal) {
      // The refusal names the old total and the new one; the bill follows at once.
      if (codeOf(refusal) === "price_changed") this.sync().socket.refresh();
      if (!(refusal instanceof Refusal) || refusal.code !== "amount_doubtful") throw refusal;
      this.question = refusal.message;
      focusOnceShown(() => refs.correct);
      return {};
    },
    /**
     * What the terminal said. The server knows the answer it had already, so it may be sent again.
     * @param {boolean} approved
     */
    async enterResult(approved) {
      if (!this.current?.attempt) return;
      const answer = await this.act("cashier_payment_result", {
        transaction_id: this.current.id,
        attempt_id: this.current.attempt.id,
        approved,
        reference: this.reference.trim(),
      });
      if (answer && !approved) {
        const { tip, sharesOfTip } = this;
        this.startAfresh();
        // The customer's, whatever the terminal said.
        this.tip = tip;
        this.sharesOfTip = sharesOfTip;
      }
      this.settle(answer);
    },
    /** @param {{ transaction?: Wire.TransactionData } | null} answer */
    settle(answer) {
      if (answer?.transaction?.payment) {
        this.showChange(answer.transaction, answer.transaction.payment);
      }
    },
    /**
     * @param {Wire.TransactionData} transaction
     * @param {Wire.PaymentData} payment
     */
    showChange({ code, tenders }, payment) {
      if (!this.me) return;
      this.last = this.paid = { cashier_id: this.me.id, code, isShown: true, tenders, ...payment };
      receipt.set(this.last);
      this.isSettled = false;
      setTimeout(() => {
        this.isSettled = true;
        focusOnceShown(() => refs.next);
      }, DEAD_TIME_MS);
      this.startAfresh();
      if (this.day) this.readDay();
    },

    /** @param {{ target: HTMLDetailsElement }} event */
    async showDay(event) {
      if (event.target.open) await this.readDay();
      else this.day = null;
    },
    async readDay() {
      try {
        const response = await fetch(data.day_url);
        if (response.ok) this.day = await response.json();
      } catch {
        // Cut off: the page says so, and the list stays as it was.
      }
    },
    done() {
      if (!this.isSettled) return;
      this.paid = null;
      if (this.last) receipt.set({ ...this.last, isShown: false });
      focusOnceShown(() => refs.claim);
    },
    /** The receipt of the payment on the screen, or of the last one once more. */
    print() {
      if (this.last) refs.print.requestSubmit();
    },
    /** @returns {string | false} */
    get printAddress() {
      return this.last ? this.receiptAddress(this.last.receipt_key) : false;
    },

    /**
     * Keys a cashier's hand finds without looking; they are written on the buttons.
     * @param {KeyboardEvent} event
     */
    key(event) {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      // An open sheet has the keys to itself, and so has a text that may contain them.
      if (isInDialog() || isWriting(event)) return;
      const act = event.key in KEYS ? KEYS[/** @type {keyof typeof KEYS} */ (event.key)] : null;
      // A key held down must neither pay twice nor wave the change away.
      if (act || (event.repeat && event.key === "Enter")) event.preventDefault();
      if (event.repeat && event.key !== "Backspace") return;
      if (act) this[act]();
      else if (event.target === document.body) this.typeAnywhere(event.key);
    },
    /**
     * Number keys work wherever the cashier last touched the screen.
     * @param {string} key
     */
    typeAnywhere(key) {
      if (key === "Enter") return this.paid ? this.done() : this.pay();
      const pressed = keyOf(key);
      if (this.mayType && pressed) this.press(pressed);
    },
    /** A branch without cash drawers has no link. */
    openDrawer() {
      refs.drawer?.click();
    },
    enterTip() {
      refs.tip.focus();
      refs.tip.select();
    },
    openKeys() {
      refs.keys.showModal();
    },
    closeKeys() {
      refs.keys.close();
    },
    exact() {
      if (this.mayType) this.amount = this.fromDue;
    },
    /** The next larger of the likely sums; after the largest the exact one again. */
    giveMore() {
      if (!this.mayType) return;
      const more = this.quickAmounts.find((sum) => centsOf(sum) > (this.tendered ?? 0));
      this.amount = more ?? this.quickAmounts[0] ?? "";
    },
    /** First the amount goes, then the hand is led to giving the customer back. */
    goBack() {
      if (this.question) this.correctAmount();
      else if (this.amount) this.amount = "";
      else refs.release.focus();
    },
  }),
);

/**
 * Whether a dialog is open; its close event, which the page waits for, comes a moment later.
 * @returns {boolean}
 */
function isInDialog() {
  return document.querySelector("dialog:modal") !== null;
}

/**
 * Whether a key writes a letter into a text that is no amount.
 * @param {KeyboardEvent} event
 */
function isWriting({ key, target }) {
  if (key.length !== 1 || !(target instanceof HTMLInputElement)) return false;
  return target.type === "text" && target.inputMode !== "decimal";
}

Alpine.start();
