/**
 * Statistics of the floor from the rows on the monitor.
 */

import { millisecondsSince, wholeMinutes } from "./time.js";

const LONG_WAIT_MINUTES = 10;
const TOO_LONG_WAIT_MINUTES = 20;
const MINUTE_MS = 60_000;

/**
 * The statuses that each figure counts come from the server (queueing/statistics.py), with the page.
 * @typedef {Wire.StatusGroups} Groups
 */

/**
 * Customers who wait for a therapist, and their waits in whole minutes.
 * @param {readonly Pick<Wire.TransactionData, "status" | "queued_at">[]} rows
 * @param {number} now
 * @param {Pick<Groups, "waiting">} groups
 */
export function waits(rows, now, groups) {
  const waiting = inGroup(rows, groups.waiting);
  const lengths = waiting.map((row) => millisecondsSince(row.queued_at, now));
  const sum = lengths.reduce((total, each) => total + each, 0);
  return {
    count: waiting.length,
    average: waiting.length ? wholeMinutes(sum / waiting.length) : 0,
    longest: wholeMinutes(Math.max(0, ...lengths)),
  };
}

/**
 * Who on duty has a customer and who may get one, and how much there is to do at the counters.
 * @param {readonly Pick<Wire.TransactionData, "status" | "therapist_id" | "cashier_id">[]} rows
 * @param {{ therapists: readonly Pick<Wire.TherapistData, "id" | "presence">[], cashiers: number }} staff
 * @param {Groups} groups
 */
export function duty(rows, { therapists, cashiers }, groups) {
  const treated = inGroup(rows, groups.with_therapist);
  const paying = inGroup(rows, groups.with_cashier);
  const treating = new Set(treated.map((row) => row.therapist_id));
  const available = therapists.filter(({ id, presence }) => isFree(presence, treating.has(id)));
  const taking = new Set(paying.map((row) => row.cashier_id)).size;
  return {
    therapistsBusy: treating.size,
    therapistsFree: available.length,
    cashiersBusy: taking,
    readyToPay: inGroup(rows, groups.ready_to_pay).length,
    cashiers,
  };
}

/**
 * Whether a therapist may get a customer: on duty, not on a break, and without one.
 * @param {string} presence
 * @param {boolean} hasCustomer
 */
export function isFree(presence, hasCustomer) {
  return presence === "on_duty" && !hasCustomer;
}

/**
 * How long each wait may be before it is called long, or too long, in minutes.
 * @param {number} minutes
 * @returns {"" | "long" | "too-long"}
 */
export function urgencyOf(minutes) {
  if (minutes > TOO_LONG_WAIT_MINUTES) return "too-long";
  return minutes > LONG_WAIT_MINUTES ? "long" : "";
}

/**
 * Who is at each counter now.
 * @template {Pick<Wire.TransactionData, "status" | "cashier_id">} Row
 * @param {Wire.CashierData[]} cashiers
 * @param {readonly Row[]} rows
 * @param {Pick<Groups, "with_cashier">} groups
 * @returns {(Wire.CashierData & { row: Row | null })[]}
 */
export function counters(cashiers, rows, groups) {
  const paying = inGroup(rows, groups.with_cashier);
  return cashiers.map((cashier) => ({
    ...cashier,
    row: paying.find((row) => row.cashier_id === cashier.id) ?? null,
  }));
}

/**
 * Who each therapist on duty is with, and until when: free ones first, then whoever is free again
 * soonest, then who is on a break.
 * @template {Pick<Wire.TransactionData, "status" | "therapist_id" | "service_start_at"
 *   | "total_duration_minutes">} Row
 * @param {readonly Wire.TherapistData[]} therapists
 * @param {readonly Row[]} rows
 * @param {Pick<Groups, "with_therapist">} groups
 * @returns {(Wire.TherapistData & { row: Row | null, until: number | null, isFree: boolean })[]}
 */
export function occupation(therapists, rows, groups) {
  const treating = inGroup(rows, groups.with_therapist);
  /** @param {{ isFree: boolean, until: number | null }} therapist */
  const order = ({ isFree, until }) => (isFree ? 0 : (until ?? Number.MAX_VALUE));
  return therapists
    .map((therapist) => {
      const row = treating.find((each) => each.therapist_id === therapist.id) ?? null;
      const begun = row?.service_start_at ? Date.parse(row.service_start_at) : null;
      const until = row && begun !== null ? begun + row.total_duration_minutes * MINUTE_MS : null;
      return { ...therapist, row, until, isFree: isFree(therapist.presence, row !== null) };
    })
    .filter(({ presence, row }) => row !== null || presence !== "off_duty")
    .sort((one, two) => order(one) - order(two));
}

/**
 * The rows in one of these statuses, in their order.
 * @template {{ status: Wire.Status }} Row
 * @param {readonly Row[]} rows
 * @param {readonly Wire.Status[]} statuses
 * @returns {Row[]}
 */
export function inGroup(rows, statuses) {
  return rows.filter((row) => statuses.includes(row.status));
}
