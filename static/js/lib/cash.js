/**
 * Notes and coins: likely amounts tendered, and the pieces of the change.
 */

/**
 * Notes in circulation, in whole units, as the issuing central banks list them.
 * @type {Record<string, number[]>}
 */
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
/**
 * Coins in circulation, in cents, from the same lists; a note replaces a coin of its value.
 * @type {Record<string, number[]>}
 */
const COINS = {
  AUD: [5, 10, 20, 50, 100, 200],
  CAD: [5, 10, 25, 100, 200],
  EUR: [1, 2, 5, 10, 20, 50, 100, 200],
  GBP: [1, 2, 5, 10, 20, 50, 100, 200],
  INR: [100, 200, 500],
  MXN: [50, 100, 200, 500, 1000],
  MYR: [5, 10, 20, 50],
  PHP: [1, 5, 25, 100, 500, 1000],
  SGD: [5, 10, 20, 50, 100],
  THB: [25, 50, 100, 200, 500, 1000],
  USD: [1, 5, 10, 25],
};
/** Fallback for unknown currencies: the denominations that most have. */
const USUAL_NOTES = [5, 10, 20, 50, 100, 200, 500, 1000];
const MAX_SUGGESTIONS = 4;

/**
 * Sums a customer is likely to hand over for a bill: exact first, then those of the fewest notes.
 * @param {number} due in cents
 * @param {string} currency ISO 4217
 * @returns {number[]} in cents, rising
 */
export function likelyTenders(due, currency) {
  const notes = (NOTES[currency] ?? USUAL_NOTES).map((note) => note * 100);
  const rounded = new Set(
    notes.map((note) => Math.ceil(due / note) * note).filter((sum) => sum > due),
  );
  const byNotes = [...rounded].sort((a, b) => countNotes(a, notes) - countNotes(b, notes) || a - b);
  return [due, ...byNotes.slice(0, MAX_SUGGESTIONS - 1).sort((a, b) => a - b)];
}

/**
 * How many notes a hand holds that pays the sum with the largest it can.
 * @param {number} sum in cents
 * @param {number[]} notes in cents, rising
 * @returns {number}
 */
function countNotes(sum, notes) {
  let left = sum;
  let count = 0;
  for (const note of [...notes].reverse()) {
    count += Math.floor(left / note);
    left %= note;
  }
  return count;
}

/**
 * Split a sum into notes and coins, the largest first.
 * @param {number} sum in cents
 * @param {string} currency ISO 4217
 * @returns {(Piece & { count: number })[]} empty where the currency's cash is not known here, or has no coin small enough
 */
export function inCash(sum, currency) {
  let left = sum;
  const parts = piecesOf(currency).map((piece) => {
    const count = Math.floor(left / piece.value);
    left -= count * piece.value;
    return { ...piece, count };
  });
  return left === 0 ? parts.filter(({ count }) => count > 0) : [];
}

/**
 * @typedef {{ kind: "note" | "coin", value: number }} Piece value in cents
 *
 * @param {string} currency
 * @returns {Piece[]} the largest first
 */
function piecesOf(currency) {
  const notes = NOTES[currency] ?? [];
  const coins = COINS[currency] ?? [];
  /** @type {Piece[]} */
  const pieces = [
    ...notes.map((note) => /** @type {const} */ ({ kind: "note", value: note * 100 })),
    ...coins.map((value) => /** @type {const} */ ({ kind: "coin", value })),
  ];
  return pieces.sort((a, b) => b.value - a.value);
}
