/**
 * The receipt: a page that a print has just been counted for goes to the printer by itself.
 */

import { paperRule } from "../lib/paper.js";

const paper = /** @type {HTMLElement} */ (document.querySelector(".receipt"));

/** Roll paper is as long as the receipt; a stylesheet cannot know that. */
function fitPaper() {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(paperRule(paper.dataset.width ?? "", paper.offsetHeight));
  document.adoptedStyleSheets = [sheet];
}

async function print() {
  // A missing image must not prevent the print.
  await Promise.allSettled([...document.images].map((image) => image.decode()));
  window.print();
}

addEventListener("beforeprint", fitPaper);
fitPaper();
if ("print" in paper.dataset) {
  // What was counted is printed; from now on this page shows paper that is not.
  addEventListener("afterprint", () => location.replace(location.href));
  print();
}
