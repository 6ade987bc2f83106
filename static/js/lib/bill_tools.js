/**
 * Changes of a bill before payment: discounts, a forgotten treatment, one that was not given.
 *
 * The till takes these with `...billTools` beside `...floor`; the dialog is
 * templates/payments/_bill_dialog.html.
 */

import { offersOf } from "./cart.js";
import { component } from "./component.js";
import { focusOnceShown } from "./focus.js";
import { tidy } from "./keypad.js";
import { floor } from "./live.js";
import { fetchMenu } from "./menu.js";
import { centsOf, fromCents, toCents } from "./money.js";
import { money } from "./page.js";
import { codeOf } from "./refusal.js";
import { findOffers } from "./search.js";

/** @typedef {import("./cart.js").Offer} Offer */

const needed = {
  ...floor,
  current: /** @type {Wire.TransactionData | null} */ (null),
  isAtTerminal: false,
  isPaying: false,
};

export const billTools = component(
  {
    /** What the dialog asks about, empty while it is closed. */
    billMode: /** @type {"" | "discount" | "add" | "remove"} */ (""),
    /** The discounts that the till offers. */
    discounts: /** @type {Wire.OfferData[]} */ ([]),
    offer: /** @type {Wire.OfferData | null} */ (null),
    itemId: /** @type {number | null} */ (null),
    value: "",
    idNumber: "",
    holder: "",
    billReason: "",
    /** Whether the server has asked for a manager's approval, and what the manager enters. */
    needsManager: false,
    manager: "",
    managerPin: "",
    query: "",
    menuOffers: /** @type {Offer[]} */ ([]),

    openDiscounts() {
      if (this.discounts.length > 0) this.openBillDialog("discount");
    },
    async openAdding() {
      if (!this.openBillDialog("add")) return;
      const menu = await fetchMenu();
      if (menu) this.menuOffers = [...offersOf(menu).values()];
      focusOnceShown(() => document.getElementById("bill-query") ?? undefined);
    },
    openRemoving() {
      this.openBillDialog("remove");
    },
    /**
     * @param {"discount" | "add" | "remove"} mode
     * @returns {boolean} whether there is a bill to change
     */
    openBillDialog(mode) {
      if (!this.current || this.isAtTerminal || this.isPaying || this.cannotAct()) return false;
      this.forgetChoices();
      this.billMode = mode;
      dialog().showModal();
      return true;
    },
    closeBillDialog() {
      dialog().close();
    },
    billDialogClosed() {
      this.forgetChoices();
      this.billMode = "";
    },
    forgetChoices() {
      this.offer = this.itemId = null;
      this.forgetManager();
      this.value = this.idNumber = this.holder = this.billReason = this.query = this.problem = "";
    },

    forgetManager() {
      this.needsManager = false;
      this.manager = this.managerPin = "";
    },

    /** @param {Wire.OfferData} offer */
    chooseDiscount(offer) {
      this.offer = offer;
      this.forgetManager();
      const [only, ...others] = this.current?.items ?? [];
      this.itemId = offer.scope === "line" && only && others.length === 0 ? only.id : null;
    },
    /**
     * @param {Wire.OfferData} offer
     * @returns {boolean}
     */
    isChosen(offer) {
      return this.offer?.code === offer.code;
    },
    /** @param {Wire.ItemData} item */
    chooseItem(item) {
      this.itemId = item.id;
    },
    /**
     * What a discount takes off, empty where the cashier says it.
     * @param {Wire.OfferData} offer
     * @returns {string}
     */
    valueWords({ kind, value }) {
      if (value === null) return "";
      return kind === "percent" ? `${Number(value)}%` : money(value);
    },
    /** @returns {boolean} */
    asksForItem() {
      if (!this.current) return false;
      return this.billMode === "remove" || this.offer?.scope === "line";
    },
    /** @returns {boolean} */
    asksForReason() {
      return this.billMode === "remove" || this.offer?.needs_reason === true;
    },
    /** @returns {boolean} */
    billIsComplete() {
      if (this.asksForItem() && this.itemId === null) return false;
      if (this.asksForReason() && this.billReason.trim() === "") return false;
      if (this.billMode === "remove") return true;
      const { offer } = this;
      if (!offer) return false;
      if (offer.value === null && !toCents(tidy(this.value))) return false;
      if (this.needsManager && !(this.manager.trim() && this.managerPin)) return false;
      return !offer.needs_id || (this.idNumber.trim() !== "" && this.holder.trim() !== "");
    },

    async changeBill() {
      if (!this.current || !this.billIsComplete() || this.cannotAct()) return;
      const transaction_id = this.current.id;
      const reason = this.billReason.trim();
      const done =
        this.billMode === "remove"
          ? await this.act("cashier_remove_item", {
              transaction_id,
              item_id: this.itemId ?? 0,
              reason,
            })
          : await this.giveDiscount(this.givenDiscount(transaction_id, reason));
      if (done) this.closeBillDialog();
    },
    /**
     * @param {Wire.GivenDiscount} given
     * @returns {Promise<Wire.TransactionReply | null>}
     */
    giveDiscount(given) {
      return this.attempt("cashier_apply_discount", async () => {
        const { socket } = this.sync();
        const data = this.needsManager ? await this.approved(given) : given;
        return socket.request("cashier_apply_discount", data).catch((refusal) => {
          if (codeOf(refusal) === "approval_needed") this.needsManager = true;
          throw refusal;
        });
      });
    },
    /**
     * Add a manager's approval, entered at this till.
     * @param {Wire.GivenDiscount} given
     * @returns {Promise<Wire.GivenDiscount>}
     */
    async approved(given) {
      const asked = { username: this.manager.trim(), pin: this.managerPin };
      this.managerPin = "";
      const command = "cashier_apply_discount";
      const { approval } = await this.sync().socket.request("approve", {
        ...asked,
        command,
        data: { ...given },
      });
      return { ...given, approval };
    },
    /**
     * @param {number} transaction_id
     * @param {string} reason
     * @returns {Wire.GivenDiscount}
     */
    givenDiscount(transaction_id, reason) {
      return {
        transaction_id,
        discount: this.offer?.code ?? "",
        ...(this.itemId === null ? {} : { item_id: this.itemId }),
        value: this.offer?.value ?? fromCents(centsOf(tidy(this.value))),
        reason,
        id_number: this.idNumber.trim(),
        name: this.holder.trim(),
      };
    },
    /** @param {Wire.DiscountData} given */
    async removeDiscount(given) {
      if (!this.current) return;
      await this.act("cashier_remove_discount", {
        transaction_id: this.current.id,
        discount: given.discount,
        ...(given.item_id === null ? {} : { item_id: given.item_id }),
      });
    },

    /** @returns {Offer[]} */
    foundOffers() {
      return findOffers(this.menuOffers, this.query);
    },
    /** @param {Offer} offer */
    async addOffer(offer) {
      if (!this.current) return;
      const added = await this.act("cashier_add_item", {
        transaction_id: this.current.id,
        service_classification_id: offer.id,
        expected_price: offer.price,
      });
      if (added) this.closeBillDialog();
    },
  },
  needed,
);

/** @returns {HTMLDialogElement} */
function dialog() {
  return /** @type {HTMLDialogElement} */ (document.getElementById("bill-dialog"));
}
