/**
 * The menu as it is now, for a page whose own has gone out of date.
 */

import { codeOf } from "./refusal.js";

/** @type {Set<unknown>} */
const OUTDATED = new Set(["price_changed", "service_not_found"]);

/**
 * Return whether a refusal means that the page displays an old menu.
 * @param {unknown} refusal
 */
export function isMenuOutdated(refusal) {
  return OUTDATED.has(codeOf(refusal));
}

/**
 * Read the menu.
 * @param {string} [url]
 * @returns {Promise<Wire.MenuData | null>} null without a connection
 */
export async function fetchMenu(url = "/api/menu/") {
  const answer = await fetch(url).catch(() => null);
  return answer?.ok ? answer.json() : null;
}
