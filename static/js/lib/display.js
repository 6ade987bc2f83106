/**
 * Which sale the customer-facing screen of a counter shows.
 */

/** The change is shown for a minute, unless the next customer comes before. */
export const PAID_SHOWN_MS = 60_000;

/**
 * Return the sale at the till, or else the one that was paid within the last minute.
 * @template {{ status: string, paid_at: string | null }} Row
 * @param {readonly Row[]} rows
 * @param {number} now
 * @returns {Row | null}
 */
export function saleShown(rows, now) {
  const open = rows.filter(({ status }) => status !== "paid");
  const paid = rows
    .filter(({ paid_at }) => paid_at !== null && now - Date.parse(paid_at) < PAID_SHOWN_MS)
    .sort((a, b) => Date.parse(b.paid_at ?? "") - Date.parse(a.paid_at ?? ""));
  return open[0] ?? paid[0] ?? null;
}
