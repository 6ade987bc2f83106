/**
 * The cashier's desk: who is finished, what they owe, and the change they get.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { focusOnceShown } from "../lib/focus.js";
import { carryOut, Intent } from "../lib/intent.js";
import { press, tidy } from "../lib/keypad.js";
import { floor } from "../lib/live.js";
import { memory } from "../lib/memory.js";
import { fromCents, likelyTenders, toCents } from "../lib/money.js";
import { speech } from "../lib/page.js";
import { minutesSince } from "../lib/time.js";

const KEYS = { F2: "claim", F4: "exact", F9: "pay", Escape: "clear" };

const intent = new Intent(memory(sessionStorage, "till.payment"));
const receipt = memory(sessionStorage, "till.change");

// The refs as the page's root sees them: a button that has just gone sees none any more.
let refs;

Alpine.data("cashier", () => ({
  ...floor,
  ...speech,
  amount: "",
  /** The payment whose change is on the screen, until "Next". */
  paid: null,

  init() {
    refs = this.$refs;
    this.follow();
  },

  caughtUp() {
    const kept = receipt.get();
    if (kept?.cashier_id === this.me?.id) this.paid = kept;
    const { cashier_id, ...payment } = intent.unfinished() ?? {};
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

  /** From the tap to the answer, however often the line breaks in between. */
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
    return likelyTenders(this.due).map(fromCents);
  },

  waitOf(row) {
    return minutesSince(row.queued_at, this.now);
  },

  async claim() {
    if (!this.$store.link.live || this.current || this.paid) return;
    this.amount = "";
    if (await this.act("cashier_claim_next")) focusOnceShown(() => refs.amount);
  },
  press(key) {
    this.amount = press(this.amount, key);
  },
  tender(amount) {
    this.amount = amount;
  },
  async pay() {
    if (!this.current || !this.isEnough || !this.$store.link.live) return;
    await this.send(
      intent.begin({
        cashier_id: this.me.id,
        transaction_id: this.current.id,
        amount_paid: fromCents(this.tendered),
      }),
    );
  },
  async send({ cashier_id, ...payment }) {
    const answer = await this.attempt("cashier_pay", () =>
      carryOut(intent, () => this.insist("cashier_pay", payment)),
    );
    if (answer) this.showChange(answer.transaction);
  },
  showChange(transaction) {
    this.paid = { cashier_id: this.me.id, code: transaction.code, ...transaction.payment };
    receipt.set(this.paid);
    this.amount = "";
    focusOnceShown(() => refs.next);
  },
  done() {
    this.paid = null;
    receipt.forget();
    focusOnceShown(() => refs.claim);
  },

  /** Keys a cashier's hand finds without looking; they are written on the buttons. */
  key(event) {
    const act = KEYS[event.key];
    // A key held down must neither pay twice nor wave the change away.
    if (act || (event.repeat && event.key === "Enter")) event.preventDefault();
    if (act && !event.repeat) this[act]();
  },
  exact() {
    if (this.current) this.amount = this.current.total_amount;
  },
  clear() {
    this.amount = "";
  },
}));

Alpine.start();
