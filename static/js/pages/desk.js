/**
 * The front desk: orders for customers without a phone, and help for those on the floor.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { Cart, offersOf, withChanges } from "../lib/cart.js";
import { component } from "../lib/component.js";
import { focusOnceShown } from "../lib/focus.js";
import { IdempotentRequest, sendIdempotently } from "../lib/idempotency.js";
import { floor } from "../lib/live.js";
import { fetchMenu, isMenuOutdated } from "../lib/menu.js";
import { formatting, pageData } from "../lib/page.js";
import { presence } from "../lib/presence.js";
import { screenLock } from "../lib/screen_lock.js";
import { findCustomers, findOffers } from "../lib/search.js";
import { inGroup, occupation, waits } from "../lib/statistics.js";
import { stepDialog } from "../lib/step_dialog.js";
import { session } from "../lib/storage.js";
import { storedValue } from "../lib/stored_value.js";
import { therapistRequest } from "../lib/therapist_request.js";
import { minutesSince } from "../lib/time.js";

/** @type {Wire.DeskPage} */
const data = pageData();

let offers = offersOf(data.menu);
/**
 * @typedef {import("../lib/cart.js").Offer} Offer
 * @typedef {import("../lib/cart.js").CartChange} CartChange
 * @typedef {import("../lib/cart.js").CartItem} CartItem
 */

const cart = new Cart(storedValue(session, "desk.cart"), offers);
/** @type {IdempotentRequest<Wire.Selection>} */
const orderRequest = new IdempotentRequest(storedValue(session, "desk.order"));
/** @type {Wire.Status[]} */
const TREATED = ["in_service", "finished", "awaiting_payment"];
/** @type {Wire.Status[]} */
const UNDOABLE = ["therapist_confirmed", ...TREATED];

// The refs as the page's root sees them: a button that has just gone sees none any more.
/** @type {{ search: HTMLInputElement, name: HTMLInputElement }} */
let refs;

Alpine.data("desk", () =>
  component({
    ...floor,
    ...formatting,
    ...stepDialog,
    ...presence,
    ...therapistRequest,
    ...screenLock,
    isManager: data.is_manager,
    typed: "",
    pick: 0,
    items: /** @type {CartItem[]} */ ([]),
    total: "0.00",
    /** What the cart's prices were when the order was refused, and are now. */
    changes: /** @type {CartChange[]} */ ([]),
    name: "",
    ordered: /** @type {{ code: string, url: string } | null} */ (null),
    code: "",
    /** What is typed to find a customer on the floor. */
    sought: "",

    init() {
      refs = /** @type {typeof refs} */ (this.$refs);
      cart.dropUnknown();
      this.read();
      this.startSync();
      this.startInactivityTimer();
      // `autofocus` counts while the page is cloaked, so it finds nothing.
      focusOnceShown(() => refs.search);
    },
    onSnapshot() {
      const order = orderRequest.unfinished();
      if (order && !this.busy) this.send(order);
    },

    // -- The order --------------------------------------------------------------------------------

    /** @returns {Offer[]} */
    matches() {
      return findOffers(offers.values(), this.typed);
    },
    /**
     * @param {Offer} offer
     * @returns {boolean}
     */
    isPicked(offer) {
      return this.matches()[this.pick]?.id === offer.id;
    },
    /**
     * @param {Offer} offer
     * @returns {string}
     */
    optionId(offer) {
      return `offer-${offer.id}`;
    },
    /** @returns {string | false} */
    pickedId() {
      const offer = this.matches()[this.pick];
      return offer ? this.optionId(offer) : false;
    },
    /** @param {KeyboardEvent} event */
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
    /** @param {Offer} offer */
    add(offer) {
      if (this.items.length === 0) this.readChoices();
      cart.add(offer.id);
      this.typed = "";
      this.pick = 0;
      this.ordered = null;
      this.read();
      refs.search.focus();
    },
    /** @param {CartItem} item */
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
      await this.send(orderRequest.begin({ ...cart.order(), ...this.requestData() }));
    },
    /** @param {Wire.Selection} order */
    async send(order) {
      this.changes = [];
      const answer = await this.attempt("staff_confirm_selection", () =>
        sendIdempotently(orderRequest, () =>
          this.requestUntilAnswered("staff_confirm_selection", order),
        ).catch((refusal) => this.refreshMenu(refusal)),
      );
      if (!answer) return;
      const { transaction, key } = answer;
      this.ordered = { code: transaction.code, url: data.ticket_url.replace("KEY", key) };
      cart.clear();
      this.askForNobody();
      this.read();
      focusOnceShown(() => refs.search);
    },

    /**
     * The cart follows the menu; the refusal stays one.
     * @param {unknown} refusal
     * @returns {Promise<never>}
     */
    async refreshMenu(refusal) {
      if (isMenuOutdated(refusal)) await this.readMenu();
      throw refusal;
    },
    async readMenu() {
      const menu = await fetchMenu();
      if (!menu) return false;
      offers = offersOf(menu);
      this.changes = withChanges(this.changes, cart.follow(offers));
      this.read();
      return true;
    },
    onSetup() {
      return this.readMenu();
    },

    // -- The floor --------------------------------------------------------------------------------

    /** @returns {Wire.TransactionData[]} */
    waiting() {
      return inGroup(this.rows, data.groups.waiting);
    },
    /** @returns {Wire.TransactionData[]} */
    further() {
      return this.rows.filter((row) => !data.groups.waiting.includes(row.status));
    },
    /**
     * @param {Wire.TransactionData[]} rows
     * @returns {readonly Wire.TransactionData[]} those whom the search finds
     */
    found(rows) {
      return findCustomers(rows, this.sought);
    },
    /** @returns {string} the longest wait of the line */
    longestWait() {
      return this.length(waits(this.rows, this.coarseNow, data.groups).longest);
    },
    /** @returns {string} the names of therapists who have no customer */
    whoIsFree() {
      const free = occupation(this.therapists, this.rows, data.groups).filter(
        ({ isFree }) => isFree,
      );
      return free.map(({ name }) => name).join(", ");
    },
    /**
     * Who is free again soonest, while nobody is.
     * @returns {{ name: string, time: string } | null}
     */
    nextFree() {
      const busy = occupation(this.therapists, this.rows, data.groups);
      const next = busy.find(({ until }) => until !== null);
      if (this.whoIsFree() || !next?.until) return null;
      return { name: next.name, time: this.timeOfDay(next.until) };
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
     * @returns {boolean}
     */
    mayCancel(row) {
      return row.status === "therapist_confirmed";
    },
    /**
     * @param {Wire.TransactionData} row
     * @returns {boolean}
     */
    mayEnd(row) {
      return this.isManager && TREATED.includes(row.status);
    },
    /**
     * @param {Wire.TransactionData} row
     * @returns {boolean}
     */
    mayMove(row) {
      return this.isManager && data.groups.with_therapist.includes(row.status);
    },
    /** @param {Wire.TransactionData} row */
    async releaseHold(row) {
      await this.act("staff_release_hold", { transaction_id: row.id });
    },
    /**
     * Whether a manager may undo this visit's last step.
     * @param {Wire.TransactionData} row
     * @returns {boolean}
     */
    mayUndo(row) {
      return this.isManager && UNDOABLE.includes(row.status) && this.undone[row.id] !== row.version;
    },
    /**
     * Whether the form that sends this command was refused.
     * @param {string} command
     * @returns {boolean}
     */
    isProblemOf(command) {
      return this.problem !== "" && this.problemOf === command;
    },
    /**
     * Whether a step of a visit was refused; the dialog and the forms show their own problems.
     * @returns {boolean}
     */
    isProblemOfRow() {
      if (this.problem === "" || this.stepCommand !== "") return false;
      const ownPlaces = ["staff_confirm_selection", "staff_reopen", "staff_set_presence"];
      return !ownPlaces.some((command) => this.isProblemOf(command));
    },
    async reopen() {
      const code = this.code.trim().padStart(4, "0");
      if (await this.act("staff_reopen", { code })) this.code = "";
    },
  }),
);

Alpine.start();
