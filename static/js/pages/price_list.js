// The price list of the admin: arrow keys move between rows as in a spreadsheet, and the box of a
// category checks its options. Without this script, Tab and single boxes do.

const list = /** @type {HTMLFormElement | null} */ (document.getElementById("price-list"));

/**
 * Move to the same column of the row above or below.
 * @param {HTMLInputElement} from
 * @param {number} step
 */
function moveFrom(from, step) {
  const column = from.name.replace(/^option-\d+-/, "");
  const fields = [
    .../** @type {NodeListOf<HTMLInputElement>} */ (
      document.querySelectorAll(`#price-list input[type="text"][name$="-${column}"]`)
    ),
  ];
  const next = fields[fields.indexOf(from) + step];
  next?.focus();
  next?.select();
}

list?.addEventListener("keydown", (event) => {
  const field = /** @type {HTMLInputElement} */ (event.target);
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (step && field.type === "text") {
    event.preventDefault();
    moveFrom(field, step);
  }
});

list?.addEventListener("change", (event) => {
  const box = /** @type {HTMLInputElement} */ (event.target);
  if (box.name !== "category") return;
  const options = /** @type {NodeListOf<HTMLInputElement> | undefined} */ (
    box.closest("[data-category]")?.querySelectorAll('input[name="option"]')
  );
  for (const option of options ?? []) option.checked = box.checked;
});
