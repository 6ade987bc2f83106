/**
 * The customer's menu and cart, and the code they get for it.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { Cart, offersOf } from "../lib/cart.js";
import { focusOnceShown } from "../lib/focus.js";
import { IdleWatch } from "../lib/idle.js";
import { carryOut, Intent } from "../lib/intent.js";
import { openLine } from "../lib/live.js";
import { memory } from "../lib/memory.js";
import { data, speech } from "../lib/page.js";

const WIDE = matchMedia("(min-width: 64rem)");
const TICKET_STAYS_ON_KIOSK = 20_000;
const TICKET_IS_OLD_AFTER = 12 * 3_600_000;
const MENU_URL = `/api/menu/?branch=${encodeURIComponent(data.branch)}`;

// A kiosk forgets between two people; a phone remembers for its owner.
const storage = data.kiosk ? sessionStorage : localStorage;
const cart = new Cart(memory(storage, `cart.${data.branch}`), offersOf(data.menu));
const intent = new Intent(memory(storage, `order.${data.branch}`));
const lastTicket = memory(storage, `ticket.${data.branch}`);

// Outside the component: Alpine's proxies cannot reach private fields.
let line;
let idleWatch;
let returnToStart;

// The refs as the page's root sees them: a button that has just gone sees none any more.
let refs;

Alpine.data("menu", () => ({
  ...speech,
  menu: data.menu,
  categoryId: data.menu.categories[0]?.id,
  lines: [],
  count: 0,
  minutes: 0,
  total: "0.00",
  name: "",
  sending: false,
  problem: "",
  dropped: 0,
  news: "",
  ticket: null,
  earlier: earlierTicket(),
  docked: WIDE.matches,
  idle: { isAsking: false, left: 0 },

  init() {
    refs = this.$refs;
    // This page shows nothing live: where sockets are blocked, the menu is the sign of life.
    line = openLine({ onEvent: () => {} }, MENU_URL);
    this.dropped = cart.dropUnknown();
    this.read();
    this.dock();
    WIDE.addEventListener("change", () => this.dock());
    addEventListener("storage", () => this.reread());
    if (data.kiosk) this.watchIdle();
    this.resume();
  },

  get category() {
    return this.menu.categories.find((category) => category.id === this.categoryId) ?? null;
  },
  get isEmpty() {
    return this.count === 0;
  },

  quantity(id) {
    return this.lines.find((line) => line.id === id)?.quantity ?? 0;
  },

  choose(category) {
    this.categoryId = category.id;
    refs.services.scrollIntoView({ block: "start" });
  },
  add(id) {
    cart.add(id);
    this.changed("word_added", id);
  },
  takeOne(id) {
    cart.takeOne(id);
    this.changed("word_removed", id);
  },
  changed(word, id) {
    this.problem = "";
    this.read();
    const offer = offersOf(this.menu).get(id);
    this.news = this.say(word, { service: offer.service, count: this.count });
  },
  rename() {
    cart.name = this.name;
  },

  /** On a wide screen the cart stands beside the menu; on a phone it opens over it. */
  dock() {
    const dialog = refs.cart;
    if (dialog.open) dialog.close();
    this.docked = WIDE.matches;
    dialog.open = this.docked;
  },
  openCart() {
    refs.cart.showModal();
  },
  closeCart() {
    if (!this.docked) refs.cart.close();
  },

  async confirm() {
    if (this.isEmpty || this.sending) return;
    await this.send(intent.begin(cart.order()));
  },
  /** Goes on with what was being sent when the page was closed or reloaded. */
  resume() {
    const order = intent.unfinished();
    if (!order) return;
    if (!this.docked) this.openCart();
    this.send(order);
  },
  async send(order) {
    this.sending = true;
    this.problem = "";
    try {
      const command = () => line.insist("customer_confirm_selection", order);
      this.showTicket(await carryOut(intent, command));
    } catch (refusal) {
      this.problem = refusal.message;
      if (refusal.code === "service_not_found") await this.freshMenu();
    } finally {
      this.sending = false;
    }
  },
  showTicket({ transaction, key }) {
    const url = data.ticket_url.replace("KEY", key);
    this.ticket = { ...transaction, url, qr: data.qr_url.replace("KEY", key) };
    cart.clear();
    this.read();
    this.closeCart();
    if (data.kiosk) returnToStart = setTimeout(() => this.startOver(), TICKET_STAYS_ON_KIOSK);
    else lastTicket.set({ code: transaction.code, url, at: Date.now() });
    focusOnceShown(() => refs.ticket);
  },
  startOver() {
    clearTimeout(returnToStart);
    cart.clear();
    intent.end();
    this.earlier = earlierTicket();
    this.ticket = null;
    this.problem = "";
    this.news = "";
    this.dropped = 0;
    this.categoryId = this.menu.categories[0]?.id;
    this.read();
    this.$nextTick(() => this.dock());
    scrollTo(0, 0);
  },

  async freshMenu() {
    const answer = await fetch(MENU_URL);
    if (!answer.ok) return;
    this.menu = await answer.json();
    cart.follow(offersOf(this.menu));
    this.dropped = cart.dropUnknown();
    this.read();
  },

  watchIdle() {
    idleWatch = new IdleWatch({
      onAsk: () => this.askIfThere(),
      onLeft: (seconds) => (this.idle.left = seconds),
      onOver: () => this.leave(),
      isNeeded: () => !(this.isEmpty && !this.name) && !this.ticket && !this.sending,
    });
    for (const sign of ["pointerdown", "keydown"]) addEventListener(sign, () => idleWatch.seen());
  },
  askIfThere() {
    refs.idle.showModal();
  },
  stay() {
    refs.idle.close();
    idleWatch.stay();
  },
  leave() {
    refs.idle.close();
    this.closeCart();
    this.startOver();
  },

  reread() {
    cart.load();
    this.read();
  },
  read() {
    this.lines = cart.lines();
    this.count = cart.count();
    this.minutes = cart.minutes();
    this.total = cart.total();
    this.name = cart.name;
  },
}));

/** The ticket this phone got earlier today; a kiosk has no owner to show it to. */
function earlierTicket() {
  const ticket = data.kiosk ? null : lastTicket.get();
  return ticket && Date.now() - ticket.at < TICKET_IS_OLD_AFTER ? ticket : null;
}

Alpine.start();
