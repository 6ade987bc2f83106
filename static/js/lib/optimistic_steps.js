/**
 * How a therapist's own steps look before the server has answered. Money is never guessed at the
 * till; here only the list of treatments and its sum are.
 */

import { fromCents, toCents } from "./money.js";

/** @typedef {import("./optimistic.js").OptimisticUpdate} OptimisticUpdate */

/**
 * @param {object} visit a transaction
 * @param {string} now ISO time by the server's clock
 * @returns {OptimisticUpdate}
 */
export function started(visit, now) {
  return { transaction: { ...visit, status: "in_service", service_start_at: now } };
}

/**
 * @param {object} visit
 * @param {import("./store.js").RoomRow | null} room where the treatment was
 * @returns {OptimisticUpdate}
 */
export function finished(visit, room) {
  const transaction = { ...visit, status: "finished" };
  return room ? { transaction, ...roomSet(room, "preparing") } : { transaction };
}

/**
 * @param {object} visit
 * @param {object} service of the menu
 * @param {object} offer the chosen tier of it
 * @returns {OptimisticUpdate}
 */
export function withService(visit, service, offer) {
  const item = {
    id: "pending",
    pending: true,
    service_name: service.name,
    classification: offer.classification,
    price: offer.price,
    duration_minutes: offer.duration_minutes,
  };
  return { transaction: withItems(visit, [...visit.items, item]) };
}

/**
 * @param {object} visit
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
 * @param {import("./store.js").RoomRow} room
 * @param {string} status
 * @returns {OptimisticUpdate}
 */
export function roomSet(room, status) {
  return { room: { ...room, status } };
}

function withItems(visit, items) {
  const sum = (of) => items.reduce((total, item) => total + of(item), 0);
  return {
    ...visit,
    items,
    total_amount: fromCents(sum((item) => toCents(item.price))),
    total_duration_minutes: sum((item) => item.duration_minutes),
  };
}
