/**
 * The amount a cashier types, key by key.
 */

import { toCents } from "./money.js";

const CLEAR = "clear";
const BACK = "back";

/**
 * The amount after one more key. A key that would make an invalid amount changes nothing.
 * @param {string} amount
 * @param {string} key a digit, "00", ".", "back" or "clear"
 * @returns {string}
 */
export function press(amount, key) {
  if (key === CLEAR) return "";
  if (key === BACK) return amount.slice(0, -1);
  const next = tidy(amount + key);
  return toCents(next) === null ? amount : next;
}

/**
 * The keypad's key for a key of the keyboard, or null.
 * @param {string} key as in `KeyboardEvent.key`
 * @returns {string | null}
 */
export function keyOf(key) {
  if (key === "Backspace") return BACK;
  if (key === ",") return ".";
  return /^[0-9.]$/.test(key) ? key : null;
}

/**
 * Typed text without what people add out of habit: blanks, thousands commas, leading zeros.
 * @param {string} text
 * @returns {string}
 */
export function tidy(text) {
  const bare = text.replace(/[\s_]/g, "").replace(/,(?=\d{3}(\D|$))/g, "");
  return bare
    .replace(",", ".")
    .replace(/^0+(?=\d)/, "")
    .replace(/^\./, "0.");
}
