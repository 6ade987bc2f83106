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
 * @returns {(amount: string) => string}
 */
export function moneyFormat(language, currency) {
  const format = new Intl.NumberFormat(language, {
    style: "currency",
    currency,
    currencyDisplay: "narrowSymbol",
  });
  return (amount) => format.format(amount);
}

/** Notes that are in people's hands, in whole units, as the issuing central banks list them. */
const NOTES = {
  AUD: [5, 10, 20, 50, 100],
  CAD: [5, 10, 20, 50, 100],
  EUR: [5, 10, 20, 50, 100, 200],
  GBP: [5, 10, 20, 50],
  INR: [10, 20, 50, 100, 200, 500],
  MXN: [20, 50, 100, 200, 500, 1000],
  MYR: [1, 5, 10, 20, 50, 100],
  PHP: [20, 50, 100, 200, 500, 1000],
  SGD: [2, 5, 10, 50, 100],
  THB: [20, 50, 100, 500, 1000],
  USD: [1, 5, 10, 20, 50, 100],
};
/** Where we know no notes: the steps that most currencies have. */
const USUAL_NOTES = [5, 10, 20, 50, 100, 200, 500, 1000];
const MAX_SUGGESTIONS = 4;

/**
 * Sums a customer is likely to hand over for a bill: exact first, then rounded up to each note.
 * @param {number} due in cents
 * @param {string} currency ISO 4217
 * @returns {number[]} in cents, rising
 */
export function likelyTenders(due, currency) {
  const notes = (NOTES[currency] ?? USUAL_NOTES).map((note) => note * 100);
  const rounded = notes.map((note) => Math.ceil(due / note) * note);
  return [...new Set([due, ...rounded])].sort((a, b) => a - b).slice(0, MAX_SUGGESTIONS);
}
