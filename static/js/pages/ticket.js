/**
 * The customer's own page: where I am, where to go, what it costs.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { floor } from "../lib/live.js";
import { speech } from "../lib/page.js";
import { stopwatch } from "../lib/time.js";

/** The way of a visit; several statuses may be one step of it. */
const STEPS = [
  ["pending_therapist"],
  ["therapist_confirmed"],
  ["in_service"],
  ["finished", "awaiting_payment", "paying"],
  ["paid"],
];

Alpine.data("ticket", () => ({
  ...floor,
  ...speech,

  init() {
    this.follow();
  },

  get visit() {
    return this.rows[0] ?? null;
  },
  get status() {
    return this.visit?.status ?? "";
  },
  get step() {
    return STEPS.findIndex((statuses) => statuses.includes(this.status));
  },
  get elapsed() {
    return stopwatch(this.visit?.service_start_at, this.now);
  },
  is(...statuses) {
    return statuses.includes(this.status);
  },
  stepState(number) {
    if (this.step < 0 || number > this.step) return "ahead";
    const isOver = number < this.step || this.status === "paid";
    return isOver ? "done" : "now";
  },
}));

Alpine.start();
