/**
 * Sentences of the page, translated in its template and filled in here.
 */

/**
 * Put values into the {gaps} of a sentence.
 * @param {string} sentence
 * @param {Record<string, string | number>} values
 * @returns {string}
 */
export function fillIn(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (gap, name) => String(values[name] ?? gap));
}

/**
 * The words a page hands over: `<span data-word="status.paid">Paid</span>`.
 * @param {ParentNode} root
 * @returns {Record<string, string>}
 */
export function readWords(root) {
  /** @type {Record<string, string>} */
  const words = {};
  for (const element of root.querySelectorAll("[data-word]")) {
    words[element.getAttribute("data-word") ?? ""] = element.textContent.trim();
  }
  return words;
}
