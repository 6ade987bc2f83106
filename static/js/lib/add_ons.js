/**
 * Add-ons: extras of the menu to go with a treatment.
 */

import { offersOf } from "./cart.js";

const SUGGESTED = 3;

/**
 * Return what to suggest to an order: the first option of a few add-ons, once it has a treatment
 * and no add-on yet.
 * @param {Pick<Wire.MenuData, "categories">} menu
 * @param {readonly { id: number }[]} chosen
 * @returns {import("./cart.js").Offer[]}
 */
export function suggestedAddOns({ categories }, chosen) {
  const addOns = offersOf({ categories: categories.filter(({ add_ons }) => add_ons) });
  if (chosen.length === 0 || chosen.some(({ id }) => addOns.has(id))) return [];
  const firstOptions = new Map([...addOns.values()].reverse().map((each) => [each.service, each]));
  return [...firstOptions.values()].reverse().slice(0, SUGGESTED);
}
