/**
 * Lanes of the therapists' line: who may call a waiting customer (queueing/lanes.py).
 */

/**
 * @typedef {Pick<Wire.TransactionData, "status" | "requested_therapist" | "requested_therapist_id"
 *   | "preference" | "request_until" | "skills">} Waiting
 */

/**
 * Whether a therapist has all of these skills.
 * @param {number | undefined} therapistId
 * @param {readonly string[]} needed names of skills
 * @param {readonly Wire.SkillData[]} skills who has which
 */
export function isAble(therapistId, needed, skills) {
  const owned = skills.filter((skill) => skill.therapist_ids.some((id) => id === therapistId));
  return needed.every((name) => owned.some((skill) => skill.name === name));
}

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
 * @param {readonly Wire.SkillData[]} [skills] none where the spa has none
 */
export function mayCall(row, therapist, skills = []) {
  if (!isAble(therapist?.id, row.skills, skills)) return false;
  if (waitsForOne(row)) return row.requested_therapist_id === therapist?.id;
  return !row.preference || row.preference === "anyone" || row.preference === therapist?.gender;
}

/**
 * The customers whom a therapist may call, in the order in which claims return them.
 * @template {Waiting} Row
 * @param {readonly Row[]} line
 * @param {{ id: number, gender: string } | null} therapist
 * @param {readonly Wire.SkillData[]} [skills] none where the spa has none
 * @returns {Row[]}
 */
export function callableBy(line, therapist, skills = []) {
  const open = line.filter((row) => mayCall(row, therapist, skills));
  const [own, common] = [open.filter(waitsForOne), open.filter((row) => !waitsForOne(row))];
  return [...own, ...common];
}
