/**
 * The cash drawer: add up notes and coins while they are counted, and offer the tips that are owed.
 */

import { centsOf, fromCents, moneyFormat } from "../lib/money.js";
import { pageData } from "../lib/page.js";

/** @type {Wire.PageData} */
const data = pageData();
const money = moneyFormat(document.documentElement.lang, data.currency);

/** @param {HTMLElement} pieces */
function addUp(pieces) {
  const fields = [...pieces.querySelectorAll("input")];
  const cents = fields.map(
    (field) => centsOf(field.dataset.value ?? "") * (Number(field.value) || 0),
  );
  const total = /** @type {HTMLOutputElement} */ (pieces.querySelector("[data-total]"));
  total.value = money(fromCents(cents.reduce((sum, each) => sum + each, 0)));
}

/**
 * Enter goes on to the next piece, as on a calculator, and after the last to the button.
 * @param {HTMLElement} pieces
 * @param {KeyboardEvent} event
 */
function goOn(pieces, event) {
  if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement)) return;
  event.preventDefault();
  const fields = [...pieces.querySelectorAll("input")];
  const next = fields[fields.indexOf(event.target) + 1];
  if (next) next.select();
  else pieces.closest("form")?.querySelector("button")?.focus();
}

for (const pieces of document.querySelectorAll("[data-pieces]")) {
  if (!(pieces instanceof HTMLElement)) continue;
  pieces.addEventListener("input", () => addUp(pieces));
  pieces.addEventListener("keydown", (event) => goOn(pieces, event));
  addUp(pieces);
}

/**
 * Only a tip payout has a therapist; what is still owed to the chosen one is offered.
 * @param {HTMLElement} payout the field with the therapists
 */
function offerTips(payout) {
  const kind = /** @type {HTMLSelectElement} */ (document.getElementById("kind"));
  const amount = /** @type {HTMLInputElement} */ (document.getElementById("moved-amount"));
  const people = /** @type {HTMLSelectElement} */ (payout.querySelector("select"));
  const show = () => {
    payout.hidden = kind.value !== "tip_payout";
    people.required = !payout.hidden;
  };
  kind.addEventListener("change", show);
  people.addEventListener("change", () => {
    const owed = centsOf(people.selectedOptions[0]?.dataset.owed ?? "");
    amount.value = owed > 0 ? fromCents(owed) : "";
  });
  show();
}

const payout = document.querySelector("[data-tip-payout]");
if (payout instanceof HTMLElement) offerTips(payout);
