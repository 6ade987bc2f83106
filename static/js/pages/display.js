/**
 * The customer-facing screen of a counter: the sale at its till, then change and thanks.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { component } from "../lib/component.js";
import { saleShown } from "../lib/display.js";
import { floor } from "../lib/live.js";
import { formatting } from "../lib/page.js";
import { hideCursor, keepScreenOn, preventBurnIn, reloadNightly } from "../lib/unattended.js";

Alpine.data("display", () =>
  component({
    ...floor,
    ...formatting,
    rows: /** @type {readonly Wire.DisplayRow[]} */ ([]),

    init() {
      this.startSync();
      preventBurnIn(this.$root);
      hideCursor(this.$root);
      keepScreenOn();
      reloadNightly();
    },

    /** @returns {Wire.DisplayRow | null} */
    get sale() {
      return saleShown(this.rows, this.now);
    },
    /** @returns {boolean} */
    get isPaid() {
      return this.sale?.status === "paid";
    },
    /** @returns {boolean} */
    get hasTip() {
      return this.sale !== null && this.sale.tip_amount !== "0.00";
    },
    /** @returns {number} */
    get lineCount() {
      return this.sale ? this.sale.items.length + this.sale.discounts.length : 0;
    },
  }),
);

Alpine.start();
