/**
 * Edit a waiting customer's order: how many of each option there are, and what that costs.
 */

import { centsOf, fromCents } from "./money.js";

const MAX_QUANTITY = 9;

/**
 * @typedef {import("./cart.js").Offer} Offer
 * @typedef {Pick<Offer, "id" | "service" | "classification">} Option
 * @typedef {Option & { quantity: number, duration_minutes: number, prices: string[] }} Line
 *   `prices` are those of what was ordered before, in its order: they stay as they were
 */

export class OrderEdit {
  /** @type {Line[]} */
  #lines = [];

  /** @param {readonly Wire.ItemData[]} items the order as it is */
  constructor(items) {
    for (const item of items) {
      const line = this.#line(item.service_classification_id);
      if (line) {
        line.prices.push(item.price);
        line.quantity++;
      } else {
        this.#lines.push({
          id: item.service_classification_id,
          service: item.service_name,
          classification: item.classification,
          duration_minutes: item.duration_minutes,
          prices: [item.price],
          quantity: 1,
        });
      }
    }
  }

  /** @param {Offer} offer */
  add(offer) {
    const { id, service, classification, duration_minutes } = offer;
    const line = this.#line(id);
    if (line) this.#set(id, line.quantity + 1);
    else {
      const added = { id, service, classification, duration_minutes, prices: [], quantity: 1 };
      this.#lines.push(added);
    }
  }

  /**
   * The last one of the order stays: without any it is canceled.
   * @param {number} id
   */
  takeOne(id) {
    if (this.count() > 1) this.#set(id, (this.#line(id)?.quantity ?? 0) - 1);
  }

  /**
   * The lines as they are shown; what is new has the menu's price.
   * @param {ReadonlyMap<number, Pick<Offer, "price">>} offers
   */
  lines(offers) {
    return this.#lines
      .filter(({ quantity }) => quantity > 0)
      .map((line) => ({
        ...line,
        amount: fromCents(amountOf(line, offers)),
        mayAdd: offers.has(line.id) && line.quantity < MAX_QUANTITY,
      }));
  }

  count() {
    return this.#lines.reduce((sum, { quantity }) => sum + quantity, 0);
  }

  minutes() {
    return this.#lines.reduce((sum, line) => sum + line.quantity * line.duration_minutes, 0);
  }

  /**
   * @param {ReadonlyMap<number, Pick<Offer, "price">>} offers
   * @returns {string} an amount, as on the wire
   */
  total(offers) {
    return fromCents(this.#lines.reduce((sum, line) => sum + amountOf(line, offers), 0));
  }

  /** @returns {Wire.ChosenItem[]} */
  items() {
    return this.#lines
      .filter(({ quantity }) => quantity > 0)
      .map(({ id, quantity }) => ({ service_classification_id: id, quantity }));
  }

  /** @param {number} id */
  #line(id) {
    return this.#lines.find((line) => line.id === id);
  }

  /**
   * @param {number} id
   * @param {number} quantity
   */
  #set(id, quantity) {
    this.#lines = this.#lines.map((line) =>
      line.id === id ? { ...line, quantity: Math.min(MAX_QUANTITY, quantity) } : line,
    );
  }
}

/**
 * @param {Line} line
 * @param {ReadonlyMap<number, Pick<Offer, "price">>} offers
 */
function amountOf({ id, quantity, prices }, offers) {
  const kept = prices.slice(0, quantity).reduce((sum, price) => sum + centsOf(price), 0);
  const added = Math.max(0, quantity - prices.length);
  return kept + added * centsOf(offers.get(id)?.price ?? "0.00");
}
