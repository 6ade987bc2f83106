/**
 * Lanes of the therapists' line: who may call a waiting customer (queueing/lanes.py).
 */

/** @typedef {Pick<Wire.TransactionData, "status" | "requested_therapist" | "requested_therapist_id" | "preference" | "request_until">} Waiting */

/**
 * Whether only the therapist the customer asked for may call.
 * @param {Waiting} row
 */
export function waitsForOne(row) {
  if (row.requested_therapist_id === null) return false;
  return row.preference === null || row.request_until !== null;
}

/**
 * Whether a therapist may call the customer.
 * @param {Waiting} row
 * @param {{ id: number, gender: string } | null} therapist
 */
export function mayCall(row, therapist) {
  if (waitsForOne(row)) return row.requested_therapist_id === therapist?.id;
  return !row.preference || row.preference === "anyone" || row.preference === therapist?.gender;
}

/**
 * The customers whom a therapist may call, in the order in which claims return them.
 * @template {Waiting} Row
 * @param {readonly Row[]} line
 * @param {{ id: number, gender: string } | null} therapist
 * @returns {Row[]}
 */
export function callableBy(line, therapist) {
  const open = line.filter((row) => mayCall(row, therapist));
  const [own, common] = [open.filter(waitsForOne), open.filter((row) => !waitsForOne(row))];
  return [...own, ...common];
}
