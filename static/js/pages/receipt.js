/**
 * The receipt: a page that a print has just been counted for goes to the printer by itself.
 */

import { paperRule } from "../lib/paper.js";

const paper = /** @type {HTMLElement} */ (document.querySelector(".receipt"));

/** The page's own sheet: older browsers cannot construct one, and the policy forbids inline ones. */
const sheet = document.styleSheets[document.styleSheets.length - 1];
let isFitted = false;

/** Roll paper is as long as the receipt; a stylesheet cannot know that. */
function fitPaper() {
  const last = sheet.cssRules.length - 1;
  if (isFitted) sheet.deleteRule(last);
  const rule = paperRule(paper.dataset.width ?? "", paper.offsetHeight);
  sheet.insertRule(rule, sheet.cssRules.length);
  isFitted = true;
}

async function print() {
  // A missing image must not prevent the print.
  await Promise.allSettled([...document.images].map((image) => image.decode()));
  window.print();
}

addEventListener("beforeprint", fitPaper);
if ("print" in paper.dataset) {
  // What was counted is printed; from now on this page shows paper that is not.
  addEventListener("afterprint", () => location.replace(location.href));
  print();
}
// Last, so that nothing about the paper prevents the print.
fitPaper();
