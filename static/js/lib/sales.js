/**
 * Past sales at the till: today's sales of the branch, and earlier ones found by their number, receipt
 * number or amount. One that is opened can be printed again and refunded.
 *
 * A component takes these with `...pastSales` beside `...refunds`, and opens the dialog
 * (templates/payments/_sales_dialog.html) with `openSales()`.
 */

import { component } from "./component.js";
import { focusOnceShown } from "./focus.js";
import { floor } from "./live.js";
import { shortDay, timeOfDay } from "./page.js";
import { refunds } from "./refund.js";

/** What the till has beside it. */
const needed = {
  ...floor,
  ...refunds,
  /** @param {string} code */
  methodName: (code) => code,
  /** @param {string} key */
  receiptAddress: (key) => key,
};

export const pastSales = component(
  {
    isInSales: false,
    /** What is typed to find sales, and what the shown ones were found by. */
    salesSought: "",
    salesFoundBy: "",
    /** The shown sales, null until the first answer; and the day that is today in the branch. */
    sales: /** @type {Wire.SaleData[] | null} */ (null),
    salesToday: "",
    /** The sale that is open. */
    sale: /** @type {Wire.SaleData | null} */ (null),
    salesFailed: false,
    /** Counts the searches, so that a late answer does not replace a newer one. */
    salesSearches: 0,

    async openSales() {
      if (this.cannotAct()) return;
      this.forgetSales();
      this.isInSales = true;
      dialog().showModal();
      this.focusSearch();
      await this.searchSales();
    },
    closeSales() {
      dialog().close();
    },
    salesClosed() {
      this.forgetSales();
      this.isInSales = false;
    },
    forgetSales() {
      this.sale = this.sales = null;
      this.salesSought = this.salesFoundBy = "";
      this.salesFailed = false;
    },
    focusSearch() {
      focusOnceShown(() => document.getElementById("sales-sought") ?? undefined);
    },
    /** Search, or open the only sale that was found. */
    async submitSales() {
      const [only, ...others] = this.sales ?? [];
      const sought = this.salesSought.trim();
      if (sought && sought === this.salesFoundBy && only && others.length === 0) {
        this.openSale(only);
      } else {
        await this.searchSales();
      }
    },
    async searchSales() {
      const sought = this.salesSought.trim();
      const search = ++this.salesSearches;
      this.salesFailed = false;
      try {
        const response = await fetch(`/api/sales/?q=${encodeURIComponent(sought)}`);
        if (!response.ok) throw new Error(response.statusText);
        const { date, sales } = await response.json();
        if (search !== this.salesSearches) return;
        this.salesFoundBy = sought;
        this.salesToday = date;
        this.sales = sales;
        if (sought && sales.length === 1) this.openSale(sales[0]);
      } catch {
        this.salesFailed = search === this.salesSearches;
      }
    },
    /** @param {Wire.SaleData} sale */
    openSale(sale) {
      this.sale = sale;
      focusOnceShown(() => document.getElementById("sale-print") ?? undefined);
    },
    leaveSale() {
      this.sale = null;
      this.focusSearch();
    },
    /** @returns {string | false} */
    saleAddress() {
      return this.sale ? this.receiptAddress(this.sale.receipt_key) : false;
    },
    async refundSale() {
      const number = this.sale?.receipt_number;
      this.closeSales();
      await this.openRefund(number);
    },
    /**
     * The time of a sale, with the day of one that was not today.
     * @param {Wire.SaleData} sale
     * @returns {string}
     */
    saleTime({ business_date, created_at }) {
      const time = timeOfDay(created_at);
      return business_date === this.salesToday ? time : `${shortDay(created_at)}, ${time}`;
    },
    /**
     * @param {Wire.SaleData} sale
     * @returns {string}
     */
    saleMethods({ methods }) {
      return methods.map((code) => this.methodName(code)).join(", ");
    },
    /** @returns {boolean} */
    hasNoSales() {
      return this.sales !== null && this.sales.length === 0;
    },
  },
  needed,
);

/** @returns {HTMLDialogElement} */
function dialog() {
  return /** @type {HTMLDialogElement} */ (document.getElementById("sales-dialog"));
}
