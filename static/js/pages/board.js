/**
 * The waiting room's screen: codes and rooms, nothing else.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { CallOrder, pageOf } from "../lib/board.js";
import { floor } from "../lib/live.js";
import { speech } from "../lib/page.js";

const PAGE_TURNS_EVERY = 8000;
const CALLS_SHOWN = 4;
const TREATMENTS_SHOWN = 7;

const order = new CallOrder();

Alpine.data("board", () => ({
  ...floor,
  ...speech,
  turn: 0,

  init() {
    this.follow();
    setInterval(() => this.turn++, PAGE_TURNS_EVERY);
  },

  get calls() {
    return order.newestFirst(this.rows.filter((row) => row.status === "therapist_confirmed"));
  },
  get latest() {
    return this.calls.slice(0, 1);
  },
  get earlier() {
    return pageOf(this.calls.slice(1), CALLS_SHOWN, this.turn);
  },
  get inTreatment() {
    return this.rows.filter((row) => row.status === "in_service");
  },
  get inTreatmentPage() {
    return pageOf(this.inTreatment, TREATMENTS_SHOWN, this.turn);
  },
  get waitingCount() {
    return this.rows.filter((row) => row.status === "pending_therapist").length;
  },
}));

Alpine.start();
