/**
 * The cashier's desk: who is finished, what they owe, and the change they get.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { inCash, likelyTenders } from "../lib/cash.js";
import { focusOnceShown } from "../lib/focus.js";
import { IdempotentRequest, sendIdempotently } from "../lib/idempotency.js";
import { keyOf, press, tidy } from "../lib/keypad.js";
import { floor } from "../lib/live.js";
import { fromCents, moneyFormat, toCents } from "../lib/money.js";
import { data, formatting } from "../lib/page.js";
import { stepDialog } from "../lib/step_dialog.js";
import { storedValue } from "../lib/stored_value.js";
import { minutesSince, stopwatch } from "../lib/time.js";

/** Written on the buttons, and in the sheet of keys (templates/payments/_keys.html). */
const KEYS = {
  F2: "claim",
  F4: "exact",
  F6: "print",
  F9: "pay",
  Escape: "goBack",
  "+": "giveMore",
  "?": "openKeys",
};
const DEAD_TIME = 400; // milliseconds in which a second Enter cannot be meant for the change

const paymentRequest = new IdempotentRequest(storedValue(sessionStorage, "till.payment"));
const receipt = storedValue(sessionStorage, "till.change");

/** What stands on a note or coin: no decimals where they say nothing. */
const face = moneyFormat(document.documentElement.lang, data.currency, {
  trailingZeroDisplay: "stripIfInteger",
});

// The refs as the page's root sees them: a button that has just gone sees none any more.
let refs;

Alpine.data("cashier", () => ({
  ...floor,
  ...formatting,
  ...stepDialog,
  /** How a customer may pay, as the managers have it, and how this one does. */
  methods: [],
  method: "",
  amount: "",
  reference: "",
  /** What the server asks about an unlikely amount, until it is answered. */
  question: "",
  /** What this cashier has taken today, once it was asked for. */
  day: null,
  /** The payment whose change is on the screen, until "Next"; and the last there was. */
  paid: null,
  last: null,
  /** Whether a hand may wave the change away by now. */
  isSettled: true,

  init() {
    refs = this.$refs;
    this.startSync();
  },

  onSnapshot({ methods }) {
    this.methods = methods;
    if (!this.chosen) this.startAfresh();
    const kept = receipt.get();
    if (kept?.cashier_id === this.me?.id) {
      this.last = kept;
      this.paid = kept.isShown ? kept : null;
    }
    const { cashier_id, ...payment } = paymentRequest.unfinished() ?? {};
    if (payment.request_id && cashier_id === this.me?.id && !this.busy) this.send(payment);
  },

  get current() {
    return this.rows.find((row) => row.cashier_id === this.me?.id) ?? null;
  },
  get waiting() {
    return this.rows.filter((row) => row.status === "finished");
  },
  get others() {
    return this.rows.filter((row) => row.status !== "finished" && row.cashier_id !== this.me?.id);
  },
  get next() {
    return this.waiting[0] ?? null;
  },

  get chosen() {
    return this.methods.find(({ code }) => code === this.method) ?? null;
  },
  get isAtTerminal() {
    return this.current?.status === "paying";
  },
  get byTerminal() {
    return this.chosen?.kind === "terminal";
  },
  /** Whether somebody types what they were given. */
  get needsAmount() {
    return this.current !== null && !this.isAtTerminal && !this.byTerminal;
  },
  get mayType() {
    return this.needsAmount && !this.busy && !this.question;
  },
  get canPay() {
    return this.byTerminal || this.isEnough;
  },
  get fromDue() {
    return fromCents(this.due);
  },
  get terminalTime() {
    return stopwatch(this.current?.attempt?.started_at, this.now);
  },

  /** From the tap to the answer, however often the connection breaks in between. */
  get isPaying() {
    return this.busy === "cashier_pay";
  },
  get due() {
    return toCents(this.current?.total_amount ?? "") ?? 0;
  },
  get tendered() {
    return toCents(tidy(this.amount));
  },
  get isEnough() {
    return this.tendered !== null && this.tendered >= this.due;
  },
  get change() {
    return fromCents(Math.max(0, (this.tendered ?? 0) - this.due));
  },
  get missing() {
    return fromCents(Math.max(0, this.due - (this.tendered ?? 0)));
  },
  get isNonsense() {
    return this.amount !== "" && this.tendered === null;
  },
  get tenders() {
    return likelyTenders(this.due, data.currency).map(fromCents);
  },
  /** The change on the screen, as a hand counts it out. */
  get changeInCash() {
    const sum = toCents(this.paid?.change_amount ?? "") ?? 0;
    return inCash(sum, data.currency).map((part) => ({
      ...part,
      words: face(fromCents(part.value)),
    }));
  },

  waitOf(row) {
    return minutesSince(row.queued_at, this.coarseNow);
  },

  atTerminal(row) {
    return row.attempt ? this.length(minutesSince(row.attempt.started_at, this.now)) : "";
  },
  methodName(code) {
    return this.methods.find((method) => method.code === code)?.name ?? code;
  },
  receiptAddress(key) {
    return data.receipt_url.replace("KEY", key);
  },

  startAfresh() {
    this.method = this.methods[0]?.code ?? "";
    this.amount = "";
    this.reference = "";
    this.question = "";
    this.latest = null;
  },
  async claim() {
    await this.bring("cashier_claim_next");
  },
  async take(row) {
    await this.bring("cashier_claim", { code: row.code });
  },
  async bring(command, data) {
    if (!this.$store.connection.live || this.current || this.paid) return;
    this.startAfresh();
    if (await this.actUndoably(command, data)) focusOnceShown(() => refs.amount);
  },
  async giveBack() {
    if (await this.act("cashier_release", { transaction_id: this.current.id })) {
      this.startAfresh();
      focusOnceShown(() => refs.claim);
    }
  },
  press(key) {
    this.amount = press(this.amount, key);
  },
  tender(amount) {
    this.amount = amount;
  },
  async pay() {
    if (!this.question) await this.offer({});
  },
  /** The amount is right after all. */
  async insistOnAmount() {
    this.question = "";
    await this.offer({ confirmed: true });
  },
  correctAmount() {
    this.question = "";
    focusOnceShown(() => refs.amount);
  },
  async offer(more) {
    if (!this.current || this.isAtTerminal || !this.canPay || !this.$store.connection.live) return;
    await this.send(
      paymentRequest.begin({
        cashier_id: this.me.id,
        transaction_id: this.current.id,
        amount_paid: this.byTerminal ? this.current.total_amount : fromCents(this.tendered),
        method: this.method,
        ...more,
      }),
    );
  },
  async send({ cashier_id, ...payment }) {
    const answer = await this.attempt("cashier_pay", () =>
      sendIdempotently(paymentRequest, () =>
        this.requestUntilAnswered("cashier_pay", payment),
      ).catch((refusal) => this.askAboutAmount(refusal)),
    );
    this.settle(answer);
  },
  /** An unlikely amount is a question, no refusal. */
  askAboutAmount(refusal) {
    if (refusal.code !== "amount_doubtful") throw refusal;
    this.question = refusal.message;
    focusOnceShown(() => refs.correct);
    return {};
  },
  /** What the terminal said. The server knows the answer it had already, so it may be sent again. */
  async enter(approved) {
    const answer = await this.act("cashier_payment_result", {
      transaction_id: this.current.id,
      attempt_id: this.current.attempt.id,
      approved,
      reference: this.reference.trim(),
    });
    if (answer && !approved) this.startAfresh();
    this.settle(answer);
  },
  settle(answer) {
    if (answer?.transaction?.payment) this.showChange(answer.transaction);
  },
  showChange({ code, payment }) {
    this.last = this.paid = { cashier_id: this.me.id, code, isShown: true, ...payment };
    receipt.set(this.last);
    this.isSettled = false;
    setTimeout(() => {
      this.isSettled = true;
      focusOnceShown(() => refs.next);
    }, DEAD_TIME);
    this.startAfresh();
    if (this.day) this.readDay();
  },

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
    receipt.set({ ...this.last, isShown: false });
    focusOnceShown(() => refs.claim);
  },
  /** The receipt of the payment on the screen, or of the last one once more. */
  print() {
    if (this.last) refs.print.requestSubmit();
  },
  get printAddress() {
    return this.last ? this.receiptAddress(this.last.receipt_key) : false;
  },

  /** Keys a cashier's hand finds without looking; they are written on the buttons. */
  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    // An open sheet has the keys to itself, and so has a text that may contain them.
    if (refs.keys.open || isWriting(event)) return;
    const act = KEYS[event.key];
    // A key held down must neither pay twice nor wave the change away.
    if (act || (event.repeat && event.key === "Enter")) event.preventDefault();
    if (event.repeat && event.key !== "Backspace") return;
    if (act) this[act]();
    else if (event.target === document.body) this.typeAnywhere(event.key);
  },
  /** Number keys work wherever the cashier last touched the screen. */
  typeAnywhere(key) {
    if (key === "Enter") return this.paid ? this.done() : this.pay();
    if (this.mayType && keyOf(key)) this.press(keyOf(key));
  },
  openKeys() {
    refs.keys.showModal();
  },
  closeKeys() {
    refs.keys.close();
  },
  exact() {
    if (this.mayType) this.amount = this.current.total_amount;
  },
  /** The next larger of the likely sums; after the largest the exact one again. */
  giveMore() {
    if (!this.mayType) return;
    const more = this.tenders.find((sum) => toCents(sum) > (this.tendered ?? 0));
    this.amount = more ?? this.tenders[0];
  },
  /** First the amount goes, then the hand is led to giving the customer back. */
  goBack() {
    if (this.question) this.correctAmount();
    else if (this.amount) this.amount = "";
    else refs.release.focus();
  },
}));

/** Whether a key writes a letter into a text that is no amount. */
function isWriting({ key, target }) {
  return key.length === 1 && target.type === "text" && target.inputMode !== "decimal";
}

Alpine.start();
