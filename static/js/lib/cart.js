/**
 * The cart. It survives a reload and follows the menu.
 */

import { centsOf, fromCents } from "./money.js";
import { storedValue } from "./stored_value.js";

const MAX_QUANTITY = 9;

/**
 * @typedef {{ id: number, quantity: number }} Choice
 * @typedef {{ choices: Choice[], name: string, isAsked?: boolean }} StoredCart
 * @typedef {Wire.ClassificationData & { service: string, skill: string | null }} Offer
 * @typedef {Offer & { quantity: number, amount: string }} CartItem as it is shown
 * @typedef {{ id: number, service: string, old: string, now: string | null }} CartChange a price
 *   that is not as it was displayed; null of what has left the menu
 */

/**
 * Everything on the menu by classification id.
 * @param {Pick<Wire.MenuData, "categories">} menu
 * @returns {Map<number, Offer>}
 */
export function offersOf(menu) {
  const services = menu.categories.flatMap((category) => category.services);
  const offers = services.flatMap((service) =>
    service.classifications.map((offer) => ({
      ...offer,
      service: service.name,
      skill: service.skill,
    })),
  );
  return new Map(offers.map((offer) => [offer.id, offer]));
}

/**
 * Where the cart of a branch is stored.
 * @param {import("./storage.js").KeyValueStorage} storage
 * @param {string} branch its slug
 * @returns {import("./stored_value.js").StoredValue<StoredCart>}
 */
export function storedCart(storage, branch) {
  return storedValue(storage, `cart.${branch}`);
}

/**
 * Return the cart that orders a visit's treatments once more, at the prices of the menu.
 * @param {Pick<Wire.TransactionData, "items" | "customer_name">} visit
 * @returns {StoredCart}
 */
export function cartOf({ items, customer_name: name }) {
  /** @type {Map<number, number>} */
  const quantities = new Map();
  for (const { service_classification_id: id } of items)
    quantities.set(id, Math.min(MAX_QUANTITY, (quantities.get(id) ?? 0) + 1));
  return { choices: [...quantities].map(([id, quantity]) => ({ id, quantity })), name };
}

/**
 * Return the changes since the cart was displayed: earlier ones, continued by the later.
 * @param {CartChange[]} earlier
 * @param {CartChange[]} later
 * @returns {CartChange[]}
 */
export function withChanges(earlier, later) {
  const changes = new Map(earlier.map((change) => [change.id, change]));
  for (const change of later) {
    const old = changes.get(change.id)?.old ?? change.old;
    changes.set(change.id, { ...change, old });
  }
  return [...changes.values()].filter(({ old, now }) => old !== now);
}

export class Cart {
  #stored;
  #offers;
  /** @type {Choice[]} */
  #choices = [];
  #name = "";
  #isAsked = false;

  /**
   * @param {import("./stored_value.js").StoredValue<StoredCart>} stored
   * @param {Map<number, Offer>} offers
   */
  constructor(stored, offers) {
    this.#stored = stored;
    this.#offers = offers;
    this.load();
  }

  /** Read the stored cart, perhaps written by another tab. */
  load() {
    const { choices = [], name = "", isAsked = false } = this.#stored.get() ?? {};
    this.#choices = choices;
    this.#name = name;
    this.#isAsked = isAsked;
  }

  /**
   * Follow a new menu. What has left it leaves the cart.
   * @param {Map<number, Offer>} offers
   * @returns {CartChange[]} line by line what is not as it was displayed
   */
  follow(offers) {
    const displayed = this.items();
    this.#offers = offers;
    this.dropUnknown();
    return displayed
      .map(({ id, service, price }) => ({
        id,
        service,
        old: price,
        now: offers.get(id)?.price ?? null,
      }))
      .filter(({ old, now }) => old !== now);
  }

  /**
   * Remove choices that are no longer on the menu.
   * @returns {number} the number of removed choices
   */
  dropUnknown() {
    const known = this.#choices.filter(({ id }) => this.#offers.has(id));
    const dropped = this.#choices.length - known.length;
    if (dropped) this.#save(known);
    return dropped;
  }

  get name() {
    return this.#name;
  }

  set name(name) {
    this.#name = name;
    this.#save(this.#choices);
  }

  /** Whether the customer of this order has answered the suggestion of add-ons. */
  get isAsked() {
    return this.#isAsked;
  }

  set isAsked(isAsked) {
    this.#isAsked = isAsked;
    this.#save(this.#choices);
  }

  /** @param {number} id */
  add(id) {
    const quantity = Math.min(MAX_QUANTITY, this.quantity(id) + 1);
    this.#set(id, quantity);
  }

  /** @param {number} id */
  takeOne(id) {
    this.#set(id, this.quantity(id) - 1);
  }

  /** @param {number} id */
  quantity(id) {
    return this.#choices.find((choice) => choice.id === id)?.quantity ?? 0;
  }

  clear() {
    this.#choices = [];
    this.#name = "";
    this.#isAsked = false;
    this.#stored.forget();
  }

  /** @returns {CartItem[]} */
  items() {
    return this.#known().map(({ offer, quantity }) => {
      return { ...offer, quantity, amount: fromCents(centsOf(offer.price) * quantity) };
    });
  }

  count() {
    return this.#sum(() => 1);
  }

  minutes() {
    return this.#sum((offer) => offer.duration_minutes);
  }

  /** @returns {string} an amount, as on the wire */
  total() {
    return fromCents(this.#sum((offer) => centsOf(offer.price)));
  }

  /** @returns {Wire.Selection} the order's data on the wire */
  order() {
    const items = this.#known().map(({ offer, quantity }) => ({
      service_classification_id: offer.id,
      quantity,
    }));
    const order = { items, expected_total: this.total() };
    const customer_name = this.#name.trim();
    return customer_name ? { ...order, customer_name } : order;
  }

  /** The choices that are on the menu. */
  #known() {
    return this.#choices.flatMap(({ id, quantity }) => {
      const offer = this.#offers.get(id);
      return offer ? [{ offer, quantity }] : [];
    });
  }

  /** @param {(offer: Offer) => number} of */
  #sum(of) {
    return this.#known().reduce((sum, { offer, quantity }) => sum + quantity * of(offer), 0);
  }

  /**
   * @param {number} id
   * @param {number} quantity
   */
  #set(id, quantity) {
    const isNew = this.quantity(id) === 0;
    const changed = isNew
      ? [...this.#choices, { id, quantity }]
      : this.#choices.map((choice) => (choice.id === id ? { id, quantity } : choice));
    this.#save(changed.filter((choice) => choice.quantity > 0));
  }

  /** @param {Choice[]} choices */
  #save(choices) {
    this.#choices = choices;
    this.#stored.set({ choices, name: this.#name, isAsked: this.#isAsked });
  }
}
