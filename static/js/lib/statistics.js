/**
 * Statistics of the floor from the rows on the monitor.
 */

import { minutesSince } from "./time.js";

const LONG_WAIT_MINUTES = 10;
const TOO_LONG_WAIT_MINUTES = 20;
/** @type {Wire.Status[]} */
const WITH_THERAPIST = ["therapist_confirmed", "in_service"];
/** @type {Wire.Status[]} */
const WITH_CASHIER = ["awaiting_payment", "paying"];

/**
 * Customers who wait for a therapist, and their waits in minutes.
 * @param {readonly Pick<Wire.TransactionData, "status" | "queued_at">[]} rows
 * @param {number} now
 */
export function waits(rows, now) {
  const waiting = rows.filter((row) => row.status === "pending_therapist");
  const minutes = waiting.map((row) => minutesSince(row.queued_at, now));
  const sum = minutes.reduce((total, each) => total + each, 0);
  return {
    count: waiting.length,
    average: waiting.length ? Math.round(sum / waiting.length) : 0,
    longest: Math.max(0, ...minutes),
  };
}

/**
 * How many of the people on duty have a customer, and how much there is to do at the counters.
 * @param {readonly Pick<Wire.TransactionData, "status" | "therapist_id" | "cashier_id">[]} rows
 * @param {Pick<Wire.Statistics, "therapists" | "cashiers">} onDuty
 */
export function duty(rows, { therapists, cashiers }) {
  const treating = new Set(withStatus(rows, WITH_THERAPIST).map((row) => row.therapist_id)).size;
  const taking = new Set(withStatus(rows, WITH_CASHIER).map((row) => row.cashier_id)).size;
  return {
    therapistsBusy: treating,
    therapistsFree: Math.max(0, therapists - treating),
    cashiersBusy: taking,
    customersToPay: withStatus(rows, ["finished", ...WITH_CASHIER]).length,
    cashiers,
  };
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
 * @returns {(Wire.CashierData & { row: Row | null })[]}
 */
export function counters(cashiers, rows) {
  const paying = withStatus(rows, WITH_CASHIER);
  return cashiers.map((cashier) => ({
    ...cashier,
    row: paying.find((row) => row.cashier_id === cashier.id) ?? null,
  }));
}

/**
 * @template {{ status: Wire.Status }} Row
 * @param {readonly Row[]} rows
 * @param {Wire.Status[]} statuses
 */
function withStatus(rows, statuses) {
  return rows.filter((row) => statuses.includes(row.status));
}
