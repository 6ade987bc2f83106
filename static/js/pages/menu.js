/**
 * The customer's menu and cart, and the code they get for it.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { suggestedAddOns } from "../lib/add_ons.js";
import { Cart, offersOf, storedCart, withChanges } from "../lib/cart.js";
import { component } from "../lib/component.js";
import { connectLive } from "../lib/connection.js";
import { focusOnceShown } from "../lib/focus.js";
import { IdempotentRequest, sendIdempotently } from "../lib/idempotency.js";
import { ROWS, withKey, withoutLast, withSpace } from "../lib/keyboard.js";
import { blockGestures, forgetLanguage } from "../lib/kiosk.js";
import { KioskIdleTimer } from "../lib/kiosk_idle.js";
import { landscape } from "../lib/landscape.js";
import { fetchMenu, isMenuOutdated } from "../lib/menu.js";
import { centsOf, fromCents } from "../lib/money.js";
import { formatting, pageData, words } from "../lib/page.js";
import { codeOf } from "../lib/refusal.js";
import { find } from "../lib/search.js";
import { reloadOnceIdle, showBranch } from "../lib/setup.js";
import { local, session } from "../lib/storage.js";
import { storedValue } from "../lib/stored_value.js";
import { therapistRequest } from "../lib/therapist_request.js";
import { waitInWords } from "../lib/time.js";
import { whenWide } from "../lib/viewport.js";
import { noteForm } from "../lib/visit_note.js";

/** @type {Wire.MenuPage} */
const data = pageData();

/**
 * @typedef {import("../lib/cart.js").CartChange} CartChange
 * @typedef {import("../lib/cart.js").CartItem} CartItem
 * @typedef {{ code: string, url: string, at: number, key?: string }} EarlierTicket
 * @typedef {Wire.TransactionData & { key: string, url: string, qr: string }} Ticket
 */

/** Where the cart has room beside the menu. */
const WIDE_REM = 62;
const TICKET_STAYS_ON_KIOSK_SECONDS = 20;
/** The same interval as on a ticket's own page. */
const PLACE_IS_READ_EVERY_SECONDS = 5;
const TRYING_SHOWS_AFTER_MS = 1500;
const LATE_AFTER_MS = 15_000;
const TICKET_IS_OLD_AFTER_MS = 12 * 3_600_000;
/** The statuses in which a visit is over; who missed their call may still come back. */
const OVER = ["paid", "cancelled"];
const MENU_URL = `/api/menu/?branch=${encodeURIComponent(data.branch)}`;

// A kiosk keeps nothing between two customers; a phone keeps it for its owner.
const storage = data.kiosk ? session : local;
const cart = new Cart(storedCart(storage, data.branch), offersOf(data.menu));
/** @type {IdempotentRequest<Wire.Selection>} */
const orderRequest = new IdempotentRequest(storedValue(storage, `order.${data.branch}`));
/** @type {import("../lib/stored_value.js").StoredValue<EarlierTicket>} */
const lastTicket = storedValue(storage, `ticket.${data.branch}`);
/** @type {import("../lib/stored_value.js").StoredValue<boolean>} */
const welcome = storedValue(storage, `begun.${data.branch}`);
/** @type {import("../lib/stored_value.js").StoredValue<boolean>} */
const lowReach = storedValue(local, "low");

// Outside the component: Alpine's proxies cannot reach private fields.
/** @type {import("../lib/socket.js").LiveSocket} */
let socket;
/** The version of the branch's setup that the page shows. */
let setup = data.setup;
/** @type {KioskIdleTimer} */
let idleTimer;
/** @type {ReturnType<typeof setInterval> | undefined} */
let leaving;
/** @type {ReturnType<typeof setTimeout>[]} */
let waitTimers = [];

// The refs as the page's root sees them: a button that has just gone sees none any more.
/** @type {{ services: HTMLElement, keyboard: HTMLDialogElement, cart: HTMLDialogElement, ticket: HTMLElement,
 *   confirm: HTMLElement, idle: HTMLDialogElement }} */
let refs;

Alpine.data("menu", () =>
  component({
    ...formatting,
    ...therapistRequest,
    ...noteForm,
    menu: /** @type {Wire.MenuData} */ (data.menu),
    categoryId: data.menu.categories[0]?.id,
    query: "",
    /** A kiosk greets first; a phone shows the menu. */
    begun: !data.kiosk || welcome.get() === true,
    isLow: false,
    items: /** @type {CartItem[]} */ ([]),
    count: 0,
    minutes: 0,
    total: "0.00",
    name: "",
    sending: false,
    /** An answer that is late: first a notice, later advice. */
    isTrying: false,
    isLate: false,
    leavesIn: 0,
    problem: "",
    dropped: 0,
    /** What the cart's prices were when the order was refused, and are now. */
    changes: /** @type {CartChange[]} */ ([]),
    news: "",
    ticket: /** @type {Ticket | null} */ (null),
    /** Where a kiosk's customer stands in the line, while it can be known. */
    place: /** @type {{ before: number, wait: [number, number] | null } | null} */ (null),
    earlier: earlierTicket(),
    /** How long who orders now will wait. */
    wait: /** @type {[number, number] | null} */ (null),
    suggestsAddOns: data.suggests_add_ons,
    /** Whether this order's customer has answered the suggestion of add-ons. */
    isAsked: false,
    docked: false,
    idle: { isAsking: false, left: 0 },

    init() {
      refs = /** @type {typeof refs} */ (this.$refs);
      socket = connectLive({
        digest: () => ({ setup }),
        onEvent: (event, news) => this.receive(event, news),
      });
      this.dropped = cart.dropUnknown();
      this.offerMarks(this.menu);
      this.read();
      whenWide(WIDE_REM, (isWide) => this.dock(isWide));
      addEventListener("storage", () => this.reread());
      if (data.kiosk) this.startKiosk();
      this.resume();
      this.forgetEndedTicket();
    },

    /** @returns {Wire.CategoryData | null} */
    get category() {
      return this.menu.categories.find((category) => category.id === this.categoryId) ?? null;
    },
    /** @returns {boolean} */
    get isSearching() {
      return this.query.trim() !== "";
    },
    /** @returns {Wire.ServiceData[]} */
    get services() {
      if (this.isSearching) return find(this.menu, this.query);
      return this.category ? this.category.services : [];
    },
    /** @returns {boolean} */
    get isEmpty() {
      return this.count === 0;
    },
    /** @returns {string} */
    get waitNow() {
      return this.wait ? waitInWords(this.wait, words, "wait_now") : "";
    },
    /**
     * Add-ons to suggest, once for each order.
     * @returns {import("../lib/cart.js").Offer[]}
     */
    get suggestions() {
      if (!this.suggestsAddOns || this.isAsked) return [];
      return suggestedAddOns(this.menu, this.items);
    },
    /** @param {Wire.CategoryData} category */
    isShown(category) {
      return category.id === this.categoryId && !this.isSearching;
    },
    /** @param {Wire.ServiceData} service */
    picture(service) {
      return landscape(service.id);
    },
    /**
     * @param {Wire.ServiceData} service
     * @returns {string}
     */
    fromPrice(service) {
      const prices = service.classifications.map((offer) => centsOf(offer.price));
      const price = this.money(fromCents(Math.min(...prices)));
      return new Set(prices).size > 1 ? this.say("from_price", { price }) : price;
    },

    /**
     * @param {number} id
     * @returns {number}
     */
    quantity(id) {
      return this.items.find((item) => item.id === id)?.quantity ?? 0;
    },

    /** @param {Wire.CategoryData} category */
    choose(category) {
      this.query = "";
      this.categoryId = category.id;
      refs.services.scrollIntoView({ block: "start" });
    },
    searched() {
      if (this.isSearching) this.news = this.plural("found", this.services.length);
    },
    stopSearching() {
      this.query = "";
    },
    /** @param {number} id */
    add(id) {
      const isFirst = this.isEmpty;
      cart.add(id);
      if (isFirst && this.docked) this.readChoices(cart.items(), data.branch);
      this.changed("word_added", id);
      this.$nextTick(() => this.lineOf(id)?.scrollIntoView({ block: "nearest" }));
    },
    /** @param {number} id */
    addSuggested(id) {
      this.answerSuggestions();
      this.add(id);
      focusOnceShown(() => this.lineOf(id)?.querySelector("button") ?? undefined);
    },
    declineSuggestions() {
      this.answerSuggestions();
      focusOnceShown(() => refs.confirm);
    },
    answerSuggestions() {
      cart.isAsked = true;
      this.read();
    },
    /**
     * @param {number} id
     * @returns {HTMLElement | null}
     */
    lineOf(id) {
      return refs.cart.querySelector(`[data-offer-id="${id}"]`);
    },
    /** @param {number} id */
    takeOne(id) {
      cart.takeOne(id);
      this.changed("word_removed", id);
    },
    /**
     * @param {string} word
     * @param {number} id
     */
    changed(word, id) {
      this.problem = "";
      this.read();
      const offer = offersOf(this.menu).get(id);
      this.news = this.say(word, { service: offer?.service ?? "", count: this.count });
    },
    keys: ROWS,

    openKeyboard() {
      refs.keyboard.showModal();
    },
    closeKeyboard() {
      refs.keyboard.close();
    },
    /** @param {string} key */
    type(key) {
      this.write(withKey(this.name, key));
    },
    space() {
      this.write(withSpace(this.name));
    },
    erase() {
      this.write(withoutLast(this.name));
    },
    /** @param {string} name */
    write(name) {
      this.name = name;
      this.rename();
    },
    rename() {
      cart.name = this.name;
    },

    /**
     * On a wide screen the cart stands beside the menu; on a phone it opens over it.
     * @param {boolean} isWide
     */
    dock(isWide) {
      if (isWide && !this.isEmpty) this.readChoices(this.items, data.branch);
      const dialog = refs.cart;
      if (isWide === this.docked && dialog.open === isWide) return;
      if (dialog.open) dialog.close();
      this.docked = isWide;
      dialog.open = isWide;
    },
    openCart() {
      this.readChoices(this.items, data.branch);
      refs.cart.showModal();
    },
    closeCart() {
      if (!this.docked) refs.cart.close();
    },

    async confirm() {
      if (this.isEmpty || this.sending) return;
      await this.send(
        orderRequest.begin({ ...cart.order(), ...this.requestData(), ...this.noteData() }),
      );
    },
    /** Resume the request that was in progress when the page was closed or reloaded. */
    resume() {
      const order = orderRequest.unfinished();
      if (!order) return;
      if (!this.docked) this.openCart();
      this.send(order);
    },
    /** @param {Wire.Selection} order */
    async send(order) {
      this.sending = true;
      this.problem = "";
      this.changes = [];
      this.watchTheWait();
      try {
        const command = () => socket.requestUntilAnswered("customer_confirm_selection", order);
        this.showTicket(await sendIdempotently(orderRequest, command));
      } catch (refusal) {
        this.problem = refusal instanceof Error ? refusal.message : String(refusal);
        if (isMenuOutdated(refusal)) await this.refreshMenu();
        if (codeOf(refusal) === "nobody_able") await this.readChoices(this.items, data.branch);
      } finally {
        this.sending = this.isTrying = this.isLate = false;
        for (const timer of waitTimers) clearTimeout(timer);
      }
    },
    watchTheWait() {
      waitTimers = [
        setTimeout(() => {
          this.isTrying = true;
        }, TRYING_SHOWS_AFTER_MS),
        setTimeout(() => {
          this.isLate = true;
        }, LATE_AFTER_MS),
      ];
    },
    /** @param {Wire.JoinedReply} answer */
    showTicket({ transaction, key }) {
      const url = data.ticket_url.replace("KEY", key);
      cart.clear();
      this.clearNote();
      this.read();
      this.closeCart();
      if (data.kiosk) this.showNumber({ ...transaction, key, url });
      else this.openTicket({ code: transaction.code, url, at: Date.now(), key });
    },
    /**
     * A phone follows its customer's visit; back leads to the menu.
     * @param {EarlierTicket} ticket
     */
    openTicket(ticket) {
      lastTicket.set(ticket);
      this.earlier = ticket;
      location.assign(ticket.url);
    },
    /** @param {Omit<Ticket, "qr">} ticket */
    showNumber(ticket) {
      this.ticket = { ...ticket, qr: data.qr_url.replace("KEY", ticket.key) };
      this.leaveSoon();
      focusOnceShown(() => refs.ticket);
    },
    leaveSoon() {
      this.leavesIn = TICKET_STAYS_ON_KIOSK_SECONDS;
      this.readPlace();
      leaving = setInterval(() => {
        this.leavesIn -= 1;
        if (this.leavesIn % PLACE_IS_READ_EVERY_SECONDS === 0) this.readPlace();
        if (this.leavesIn <= 0) this.startOver();
      }, 1000);
    },
    async readPlace() {
      if (!this.ticket) return;
      const { key } = this.ticket;
      const answer = await fetch(`/api/tickets/${key}/`).catch(() => null);
      /** @type {Partial<Wire.TicketSnapshot>} */
      const { before = null, wait_minutes = null } = answer?.ok ? await answer.json() : {};
      // The next customer may be here by now.
      if (this.ticket?.key !== key) return;
      this.place = before === null ? null : { before, wait: wait_minutes };
    },
    /** Forget the ticket this phone got earlier once its visit is over. */
    async forgetEndedTicket() {
      const { earlier } = this;
      if (!earlier?.key) return;
      const answer = await fetch(`/api/tickets/${earlier.key}/`).catch(() => null);
      /** @type {Partial<Wire.TicketSnapshot>} */
      const { transaction } = answer?.ok ? await answer.json() : {};
      if (answer?.status !== 404 && !OVER.includes(transaction?.status ?? "")) return;
      lastTicket.forget();
      this.earlier = null;
    },
    startOver() {
      clearInterval(leaving);
      cart.clear();
      orderRequest.end();
      this.earlier = earlierTicket();
      this.ticket = null;
      this.askForNobody();
      this.clearNote();
      this.place = null;
      this.problem = "";
      this.news = "";
      this.dropped = 0;
      this.changes = [];
      this.categoryId = this.menu.categories[0]?.id;
      this.query = "";
      this.read();
      this.closeCart();
      this.$nextTick(() => this.dock(this.docked));
      scrollTo(0, 0);
      if (data.kiosk) this.greet();
    },

    async refreshMenu() {
      const menu = await fetchMenu(MENU_URL);
      if (menu) this.showMenu(menu);
      return menu !== null;
    },
    /**
     * Without an answer the next heartbeat differs again.
     * @param {number | undefined} version
     */
    async followSetup(version) {
      if ((await this.refreshMenu()) && version) setup = version;
    },
    /** @param {Wire.MenuData} menu */
    showMenu(menu) {
      if (menu.version === this.menu.version) return;
      this.menu = menu;
      this.offerMarks(menu);
      if (!this.category) this.categoryId = menu.categories[0]?.id;
      this.changes = withChanges(this.changes, cart.follow(offersOf(menu)));
      this.read();
    },
    /**
     * Follow the setup (the branch, and the menu), and the wait.
     * @param {Wire.EventName} event
     * @param {Partial<Wire.MenuSnapshot>} news
     */
    receive(event, news) {
      if (news.wait_minutes !== undefined) this.wait = news.wait_minutes;
      if (event !== "snapshot" || !news.branch) return;
      showBranch(news.branch);
      this.suggestsAddOns = news.branch.suggests_add_ons;
      if (!news.branch.active) reloadOnceIdle();
      if (setup !== news.setup) this.followSetup(news.setup);
    },

    /** Start the kiosk's greeting, idle timer and gesture lock. */
    startKiosk() {
      blockGestures();
      if (lowReach.get()) this.toggleLowReach();
      if (!this.isEmpty) this.begin();
      this.startIdleTimer();
    },
    begin() {
      this.begun = true;
      welcome.set(true);
    },
    greet() {
      welcome.forget();
      if (!forgetLanguage(data.language)) this.begun = false;
    },
    toggleLowReach() {
      this.isLow = !this.isLow;
      document.documentElement.toggleAttribute("data-low", this.isLow);
      if (this.isLow) lowReach.set(true);
      else lowReach.forget();
    },
    startIdleTimer() {
      idleTimer = new KioskIdleTimer({
        onPrompt: () => this.askIfThere(),
        onCountdown: (seconds) => {
          this.idle.left = seconds;
        },
        onTimeout: () => this.leave(),
        isNeeded: () => this.begun && !this.ticket && !this.sending,
      });
      for (const sign of ["pointerdown", "keydown"]) addEventListener(sign, () => idleTimer.seen());
    },
    askIfThere() {
      refs.idle.showModal();
    },
    stay() {
      refs.idle.close();
      idleTimer.stay();
    },
    leave() {
      refs.idle.close();
      this.closeKeyboard();
      if (this.isLow) this.toggleLowReach();
      this.startOver();
    },

    reread() {
      cart.load();
      this.read();
    },
    read() {
      this.items = cart.items();
      this.followItems(this.items, data.branch);
      this.count = cart.count();
      this.minutes = cart.minutes();
      this.total = cart.total();
      this.name = cart.name;
      this.isAsked = cart.isAsked;
    },
  }),
);

/**
 * The ticket this phone got earlier today; a kiosk has no owner to show it to.
 * @returns {EarlierTicket | null}
 */
function earlierTicket() {
  const ticket = data.kiosk ? null : lastTicket.get();
  return ticket && Date.now() - ticket.at < TICKET_IS_OLD_AFTER_MS ? ticket : null;
}

Alpine.start();
