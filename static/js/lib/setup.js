/**
 * The branch's setup, as far as the template rendered it into the page.
 */

import { pageData } from "./page.js";

const IDLE_CHECK_MS = 1_000;

/** @type {Wire.PageData} */
const data = pageData();
let isReloading = false;

/**
 * Show the branch's name; a page with another time zone or currency is loaded anew.
 * @param {Wire.BranchData} branch
 */
export function showBranch({ name, time_zone, currency }) {
  for (const element of document.querySelectorAll("[data-branch-name]")) {
    if (element.textContent === name) continue;
    document.title = document.title.replace(element.textContent, name);
    element.textContent = name;
  }
  const zone = document.documentElement.dataset.timeZone;
  if ((zone && zone !== time_zone) || currency !== data.currency) reloadOnceIdle();
}

/**
 * Show the name of the person who is logged in.
 * @param {{ name: string }} person
 */
export function showPerson({ name }) {
  const element = document.querySelector("[data-person-name]");
  if (element) element.textContent = name;
}

/** Load the page anew as soon as nobody is in the middle of something. */
export function reloadOnceIdle() {
  if (isReloading) return;
  isReloading = true;
  const timer = setInterval(() => {
    if (!isIdle()) return;
    clearInterval(timer);
    location.reload();
  }, IDLE_CHECK_MS);
}

/** Whether no modal dialog is open, and nothing is typed. */
function isIdle() {
  if (document.querySelector("dialog:modal")) return false;
  const field = document.activeElement;
  return !(field instanceof HTMLInputElement && field.value !== "");
}
