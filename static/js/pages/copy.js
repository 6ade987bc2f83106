// Buttons that copy the text of an element: `data-copy` is its id.

/** @param {HTMLElement} source */
function select(source) {
  const range = document.createRange();
  range.selectNodeContents(source);
  const selection = window.getSelection();
  selection?.removeAllRanges();
  selection?.addRange(range);
}

/** @param {HTMLButtonElement} button */
async function copy(button) {
  const source = document.getElementById(button.dataset.copy ?? "");
  if (!source) return;
  // Selected too: without HTTPS browsers have no clipboard for pages, and people may forbid it.
  select(source);
  try {
    await navigator.clipboard.writeText(source.textContent ?? "");
  } catch {
    return;
  }
  button.textContent = button.dataset.copied ?? "";
  const status = document.getElementById("copy-status");
  if (status) status.textContent = button.dataset.copied ?? "";
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  if (button instanceof HTMLButtonElement) button.addEventListener("click", () => copy(button));
}
