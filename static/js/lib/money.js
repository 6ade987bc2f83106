/**
 * Money in the browser: text on the wire, whole cents for arithmetic, floats nowhere.
 */

const AMOUNT = /^(\d{1,8})(?:\.(\d{0,2}))?$/;

/**
 * Cents of an amount such as "130.00", "130.5" or "130."; null when it is not an amount.
 * @param {string} text
 * @returns {number | null}
 */
export function toCents(text) {
  const parts = AMOUNT.exec(text);
  if (!parts) return null;
  return Number(parts[1]) * 100 + Number((parts[2] ?? "").padEnd(2, "0"));
}

/**
 * Cents of an amount that is one, as all of the server's are.
 * @param {string} amount
 * @returns {number}
 */
export function centsOf(amount) {
  return toCents(amount) ?? 0;
}

/**
 * An amount for the wire: text with two decimals.
 * @param {number} cents
 * @returns {string}
 */
export function fromCents(cents) {
  const sign = cents < 0 ? "-" : "";
  const digits = String(Math.abs(cents)).padStart(3, "0");
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/**
 * How money looks in a language: `money("130.00")` gives "₱130.00".
 * @param {string} language
 * @param {string} currency ISO 4217
 * @param {Intl.NumberFormatOptions} [more]
 * @returns {(amount: string) => string}
 */
export function moneyFormat(language, currency, more = {}) {
  const format = new Intl.NumberFormat(language, {
    style: "currency",
    currency,
    currencyDisplay: "narrowSymbol",
    useGrouping: "always",
    ...more,
  });
  return (amount) => format.format(/** @type {Intl.StringNumericLiteral} */ (amount));
}

/**
 * Split an amount into equal parts; the first ones take the cents that are left.
 * @param {number} cents
 * @param {number} parts
 * @returns {number[]}
 */
export function splitEvenly(cents, parts) {
  const each = Math.floor(cents / parts);
  return Array.from({ length: parts }, (_, place) => each + (place < cents - each * parts ? 1 : 0));
}
