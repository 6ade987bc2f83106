/**
 * The page of a chain's managers: their branches at a glance.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { component } from "../lib/component.js";
import { connectLive } from "../lib/connection.js";
import { formatting, pageData } from "../lib/page.js";

/** @type {Wire.ChainPage} */
const { snapshot } = pageData();

Alpine.data("chain", () =>
  component({
    ...formatting,
    branches: snapshot.branches,

    init() {
      // Each heartbeat has all rows, so there is no digest to compare.
      connectLive({ onEvent: (_event, news) => this.show(news) });
    },
    /** @param {Partial<Wire.ChainSnapshot>} news */
    show({ branches }) {
      if (branches) this.branches = branches;
    },
    /**
     * @param {Wire.Need} need
     * @returns {string}
     */
    needWords(need) {
      return this.say(`need.${need}`);
    },
  }),
);

Alpine.start();
