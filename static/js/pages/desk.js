/**
 * The front desk: orders for customers without a phone, and help for those on the floor.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { Cart, offersOf, withChanges } from "../lib/cart.js";
import { categoriesOf } from "../lib/categories.js";
import { component } from "../lib/component.js";
import { focusOnceShown } from "../lib/focus.js";
import { IdempotentRequest, sendIdempotently } from "../lib/idempotency.js";
import { floor } from "../lib/live.js";
import { fetchMenu, isMenuOutdated } from "../lib/menu.js";
import { OrderEdit } from "../lib/order_edit.js";
import { formatting, pageData } from "../lib/page.js";
import { presence } from "../lib/presence.js";
import { rotation } from "../lib/rotation.js";
import { screenLock } from "../lib/screen_lock.js";
import { findCustomers, findOffers } from "../lib/search.js";
import { inGroup, occupation, waits } from "../lib/statistics.js";
import { stepDialog } from "../lib/step_dialog.js";
import { session } from "../lib/storage.js";
import { storedValue } from "../lib/stored_value.js";
import { therapistRequest } from "../lib/therapist_request.js";
import { minutesSince } from "../lib/time.js";
import { noteForm } from "../lib/visit_note.js";

/** @type {Wire.DeskPage} */
const data = pageData();

let offers = offersOf(data.menu);
/** The wait that a new customer is told is read anew this often. */
const WAIT_EVERY_MS = 20_000;
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

let edit = new OrderEdit([]);

// The refs as the page's root sees them: a button that has just gone sees none any more.
/** @type {{ search: HTMLInputElement, name: HTMLInputElement, edit: HTMLDialogElement }} */
let refs;

Alpine.data("desk", () =>
  component({
    ...floor,
    ...formatting,
    ...stepDialog,
    ...presence,
    ...rotation,
    ...therapistRequest,
    ...noteForm,
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
    categories: categoriesOf(data.menu),
    /** The category whose offers are listed while nothing is typed; 0 for none. */
    browsed: 0,
    /** The category whose customers are listed; empty for all. */
    filtered: "",

    /** The visit whose order is edited, and the order as it will be. */
    edited: /** @type {Wire.TransactionData | null} */ (null),
    lines: /** @type {ReturnType<OrderEdit["lines"]>} */ ([]),
    editedName: "",
    editedTotal: "0.00",
    editedMinutes: 0,
    added: "",

    init() {
      refs = /** @type {typeof refs} */ (this.$refs);
      cart.dropUnknown();
      this.offerMarks(data.menu);
      this.read();
      this.startSync();
      this.startInactivityTimer();
      this.readChoices(this.items);
      setInterval(() => this.readChoices(this.items), WAIT_EVERY_MS);
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
      if (this.typed.trim() !== "") return findOffers(offers.values(), this.typed);
      return this.offersOf(this.browsed);
    },
    /**
     * @param {number} category
     * @returns {Offer[]}
     */
    offersOf(category) {
      const found = this.categories.find(({ id }) => id === category);
      return [...offers.values()].filter(({ id }) => found?.offers.has(id));
    },
    /** @param {import("../lib/categories.js").Category} category */
    browse({ id }) {
      this.browsed = this.browsed === id ? 0 : id;
      this.typed = "";
      this.pick = 0;
    },
    /** @returns {string} how long who orders now has to wait, empty when nobody knows */
    waitNow() {
      const range = this.choices?.wait_minutes;
      return range ? this.waitWords(range) : "";
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
    /**
     * @param {Offer} offer
     * @returns {string}
     */
    optionWords(offer) {
      return `${offer.service} · ${this.tier(offer)} · ${this.money(offer.price)}`;
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
      const isDone = this.typed === "" && this.pick === 0 && this.items.length > 0;
      if (isDone) refs.name.focus();
      else if (offer) this.add(offer);
    },
    /** @param {Offer} offer */
    add(offer) {
      const isFirst = this.items.length === 0;
      cart.add(offer.id);
      if (isFirst) this.readChoices(cart.items());
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
      this.followItems(this.items);
      this.total = cart.total();
      this.name = cart.name;
    },
    rename() {
      cart.name = this.name;
    },
    async confirm() {
      if (this.items.length === 0 || this.busy) return;
      await this.send(
        orderRequest.begin({ ...cart.order(), ...this.requestData(), ...this.noteData() }),
      );
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
      this.clearNote();
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
      this.categories = categoriesOf(menu);
      this.offerMarks(menu);
      this.showEdit();
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
      const category = this.categories.find(({ id }) => String(id) === this.filtered);
      const chosen = category
        ? rows.filter(({ items }) =>
            items.some(({ service_id }) => category.services.has(service_id)),
          )
        : rows;
      return findCustomers(chosen, this.sought);
    },
    /**
     * Whether the customer is called next; who is on hold is passed over.
     * @param {Wire.TransactionData} row
     * @returns {boolean}
     */
    isNext(row) {
      return this.waiting().find(({ status }) => status !== "on_hold")?.id === row.id;
    },
    /**
     * The treatments of a row, each after its minutes, because a long list is cut; of several the
     * length of all comes first.
     * @param {Wire.TransactionData} row
     * @returns {string}
     */
    treatments({ items, total_duration_minutes }) {
      const each = items.map(
        (item) => `${this.length(item.duration_minutes)} ${item.service_name}`,
      );
      const all = items.length > 1 ? `${this.length(total_duration_minutes)}: ` : "";
      return all + each.join(", ");
    },

    // -- A waiting customer's order -----------------------------------------------------------------

    /** @param {Wire.TransactionData} row */
    openEdit(row) {
      this.problem = "";
      this.startEdit(row);
      // Its contents are there by then, and have the focus.
      this.$nextTick(() => refs.edit.showModal());
    },
    /** @param {Wire.TransactionData} row */
    startEdit(row) {
      this.edited = row;
      this.editedName = row.customer_name;
      edit = new OrderEdit(row.items);
      this.showEdit();
    },
    showEdit() {
      this.lines = edit.lines(offers);
      this.editedTotal = edit.total(offers);
      this.editedMinutes = edit.minutes();
      this.added = "";
    },
    /** @returns {boolean} */
    isLastTreatment() {
      return this.lines.length === 1 && this.lines[0]?.quantity === 1;
    },
    /** @param {number | string} id */
    editAdd(id) {
      const offer = offers.get(Number(id));
      if (offer) edit.add(offer);
      this.showEdit();
    },
    /** @param {number} id */
    editTakeOne(id) {
      edit.takeOne(id);
      this.showEdit();
    },
    closeEdit() {
      refs.edit.close();
    },
    /** What was refused belongs to the dialog, and goes with it. */
    editClosed() {
      this.edited = null;
      this.problem = "";
    },
    async saveEdit() {
      const row = this.edited;
      if (!row || this.busy) return;
      const change = {
        transaction_id: row.id,
        version: row.version,
        items: edit.items(),
        customer_name: this.editedName.trim(),
        expected_total: this.editedTotal,
      };
      if (await this.act("staff_change_order", change)) {
        this.closeEdit();
        return;
      }
      await this.readMenu();
      this.followEdited(row);
    },
    /**
     * The order as somebody else has changed it meanwhile; the refusal says so.
     * @param {Wire.TransactionData} row
     */
    followEdited(row) {
      const now = this.rows.find(({ id }) => id === row.id);
      if (now && now.version !== row.version) this.startEdit(now);
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
      if (this.problem === "" || this.stepCommand !== "" || this.edited !== null) return false;
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
