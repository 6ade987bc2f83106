/**
 * Optimistic updates for a therapist's own steps. Money is never guessed at the
 * till; here only the list of treatments and its sum are.
 */

import { centsOf, fromCents } from "./money.js";

/**
 * @typedef {import("./optimistic.js").OptimisticUpdate} OptimisticUpdate
 * @typedef {Wire.TransactionData} Visit
 */

/** Placeholder for an id that only the server assigns. */
const PENDING_ID = 0;

/**
 * @param {Visit} visit
 * @param {string} now ISO time by the server's clock
 * @returns {OptimisticUpdate}
 */
export function started(visit, now) {
  return { transaction: { ...visit, status: "in_service", service_start_at: now } };
}

/**
 * @param {Visit} visit
 * @param {Wire.RoomData | null} room where the treatment was
 * @returns {OptimisticUpdate}
 */
export function finished(visit, room) {
  /** @type {Visit} */
  const transaction = { ...visit, status: "finished" };
  return room ? { transaction, ...roomSet(room, "preparing") } : { transaction };
}

/**
 * @param {Visit} visit
 * @param {{ name: string }} service of the menu
 * @param {Wire.ClassificationData} offer the chosen tier of it
 * @returns {OptimisticUpdate}
 */
export function withService(visit, service, offer) {
  /** @type {Wire.ItemData & { pending: boolean }} */
  const item = {
    id: PENDING_ID,
    pending: true,
    service_id: PENDING_ID,
    service_name: service.name,
    service_classification_id: offer.id,
    classification: offer.classification,
    price: offer.price,
    duration_minutes: offer.duration_minutes,
    consent: null,
  };
  return { transaction: withItems(visit, [...visit.items, item]) };
}

/**
 * @param {Visit} visit
 * @param {number} itemId
 * @returns {OptimisticUpdate}
 */
export function withoutItem(visit, itemId) {
  return {
    transaction: withItems(
      visit,
      visit.items.filter(({ id }) => id !== itemId),
    ),
  };
}

/**
 * @param {Wire.RoomData} room
 * @param {Wire.RoomStatus} status
 * @returns {OptimisticUpdate}
 */
export function roomSet(room, status) {
  return { room: { ...room, status } };
}

/**
 * @param {Visit} visit
 * @param {Wire.ItemData[]} items
 * @returns {Visit}
 */
function withItems(visit, items) {
  /** @param {(item: Wire.ItemData) => number} of */
  const sum = (of) => items.reduce((total, item) => total + of(item), 0);
  return {
    ...visit,
    items,
    total_amount: fromCents(sum((item) => centsOf(item.price))),
    // Nobody has a discount before the till.
    amount_due: fromCents(sum((item) => centsOf(item.price))),
    total_duration_minutes: sum((item) => item.duration_minutes),
  };
}
