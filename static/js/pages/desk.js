/**
 * The front desk: orders for customers without a phone, and help for those on the floor.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { Cart, offersOf } from "../lib/cart.js";
import { focusOnceShown } from "../lib/focus.js";
import { IdempotentRequest, sendIdempotently } from "../lib/idempotency.js";
import { floor } from "../lib/live.js";
import { data, formatting } from "../lib/page.js";
import { findOffers } from "../lib/search.js";
import { stepDialog } from "../lib/step_dialog.js";
import { storedValue } from "../lib/stored_value.js";
import { minutesSince } from "../lib/time.js";

const offers = offersOf(data.menu);
const cart = new Cart(storedValue(sessionStorage, "desk.cart"), offers);
const orderRequest = new IdempotentRequest(storedValue(sessionStorage, "desk.order"));
const WAITING = ["pending_therapist", "on_hold"];
const TREATED = ["in_service", "finished", "awaiting_payment"];

// The refs as the page's root sees them: a button that has just gone sees none any more.
let refs;

Alpine.data("desk", () => ({
  ...floor,
  ...formatting,
  ...stepDialog,
  isManager: data.is_manager,
  therapists: data.therapists,
  typed: "",
  pick: 0,
  items: [],
  total: "0.00",
  name: "",
  ordered: null,
  code: "",

  init() {
    refs = this.$refs;
    cart.dropUnknown();
    this.read();
    this.startSync();
  },
  onSnapshot() {
    const order = orderRequest.unfinished();
    if (order && !this.busy) this.send(order);
  },

  // -- The order --------------------------------------------------------------------------------

  matches() {
    return findOffers(offers.values(), this.typed);
  },
  isPicked(offer) {
    return this.matches()[this.pick]?.id === offer.id;
  },
  optionId(offer) {
    return `offer-${offer.id}`;
  },
  pickedId() {
    const offer = this.matches()[this.pick];
    return offer ? this.optionId(offer) : false;
  },
  search(event) {
    const last = this.matches().length - 1;
    if (event.key === "ArrowDown") this.pick = Math.min(last, this.pick + 1);
    else if (event.key === "ArrowUp") this.pick = Math.max(0, this.pick - 1);
    else if (event.key === "Enter") this.enter();
    else return;
    event.preventDefault();
  },
  /** Enter takes what is picked; with nothing typed it goes on to the name. */
  enter() {
    const offer = this.matches()[this.pick];
    if (offer) this.add(offer);
    else if (this.typed === "" && this.items.length > 0) refs.name.focus();
  },
  add(offer) {
    cart.add(offer.id);
    this.typed = "";
    this.pick = 0;
    this.ordered = null;
    this.read();
    refs.search.focus();
  },
  takeOne(item) {
    cart.takeOne(item.id);
    this.read();
  },
  read() {
    this.items = cart.items();
    this.total = cart.total();
    this.name = cart.name;
  },
  rename() {
    cart.name = this.name;
  },
  async confirm() {
    if (this.items.length === 0 || this.busy) return;
    await this.send(orderRequest.begin(cart.order()));
  },
  async send(order) {
    const answer = await this.attempt("staff_confirm_selection", () =>
      sendIdempotently(orderRequest, () =>
        this.requestUntilAnswered("staff_confirm_selection", order),
      ),
    );
    if (!answer) return;
    const { transaction, key } = answer;
    this.ordered = { code: transaction.code, url: data.ticket_url.replace("KEY", key) };
    cart.clear();
    this.read();
    focusOnceShown(() => refs.search);
  },

  // -- The floor --------------------------------------------------------------------------------

  waiting() {
    return this.rows.filter((row) => WAITING.includes(row.status));
  },
  further() {
    return this.rows.filter((row) => !WAITING.includes(row.status));
  },
  waitOf(row) {
    return minutesSince(row.queued_at, this.coarseNow);
  },
  mayCancel(row) {
    return row.status === "therapist_confirmed";
  },
  mayEnd(row) {
    return this.isManager && TREATED.includes(row.status);
  },
  mayMove(row) {
    return this.isManager && ["therapist_confirmed", "in_service"].includes(row.status);
  },
  releaseHold(row) {
    return this.act("staff_release_hold", { transaction_id: row.id });
  },
  undoOf(row) {
    return this.act("undo", { transaction_id: row.id, version: row.version });
  },
  async reopen() {
    const code = this.code.trim().padStart(4, "0");
    if (await this.act("staff_reopen", { code })) this.code = "";
  },
}));

Alpine.start();
