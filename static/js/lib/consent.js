/**
 * The customer's consent to what was added during their visit.
 */

/**
 * @typedef {Pick<Wire.TransactionData, "id" | "items" | "declined">} Visit
 */

const ANSWERS = ["accepted", "declined"];

/**
 * @param {Visit} visit
 * @returns {boolean} whether an added treatment waits for the customer's answer
 */
export function isUnanswered({ items }) {
  return items.some(({ consent }) => consent === "asked");
}

/**
 * What the customer has answered on their ticket, as a text that changes with every answer.
 * @param {Visit} visit
 * @returns {string}
 */
export function answersOf(visit) {
  return [`visit ${visit.id}`, ...answered(visit).map(keyOf)].join("|");
}

/**
 * @param {Visit} visit
 * @param {string} now its `answersOf`
 * @param {string} before what that was before
 * @returns {Wire.ItemData | null} what was answered since; nothing for another visit than before
 */
export function latestAnswer(visit, now, before) {
  const [which, ...known] = before.split("|");
  if (which !== now.split("|")[0]) return null;
  return answered(visit).find((item) => !known.includes(keyOf(item))) ?? null;
}

/**
 * @param {Visit} visit
 * @returns {Wire.ItemData[]}
 */
function answered({ items, declined }) {
  return [...items, ...declined].filter(({ consent }) => ANSWERS.includes(consent ?? ""));
}

/**
 * @param {Wire.ItemData} item
 * @returns {string}
 */
function keyOf({ id, consent }) {
  return `${id} ${consent}`;
}
