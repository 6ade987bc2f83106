/**
 * Evaluated in a page: which of its controls are hard to hit or to reach, in sentences. Looks at the
 * controls that can be seen now; inside the dialog that is open, if one is.
 */
() => {
  const TARGET = 44;
  const SLACK = 1;
  const root = document.querySelector("dialog:modal") ?? document.body;
  const problems = [];

  const describe = (element) => {
    const words = element.textContent.trim() || element.getAttribute("aria-label") || "";
    return `<${element.tagName.toLowerCase()} class="${element.className}"> “${words.slice(0, 30)}”`;
  };
  const isShown = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    !element.closest(".visually-hidden, .skip-link, [popover]:not(:popover-open)");

  /** A box or a radio button is pressed by its label; a link within a sentence is as high as that. */
  const targetOf = (element) => {
    const isChoice = ["checkbox", "radio"].includes(element.type);
    return (isChoice && element.labels?.[0]) || element;
  };
  const isInSentence = (element) =>
    element.tagName === "A" && getComputedStyle(element).display === "inline";

  const controls = [
    ...root.querySelectorAll(
      "a[href], button, input:not([type=hidden]), select, textarea, summary",
    ),
  ].filter(isShown);
  for (const control of controls) {
    const { width, height } = targetOf(control).getBoundingClientRect();
    if (isInSentence(control) || width < 1 || height < 1) continue;
    if (width < TARGET - SLACK || height < TARGET - SLACK) {
      problems.push(
        `${describe(control)} is ${Math.round(width)} x ${Math.round(height)} px, less than ${TARGET}`,
      );
    }
    if (control.tabIndex > 0) problems.push(`${describe(control)} is taken out of the focus order`);
  }

  // Within one part of the page, the next control is not above the one before it.
  const partOf = (element) => element.closest("li, form, section, header, dialog, footer") ?? root;
  /** Fixed and sticky things lie over the page on purpose; each is a layer of its own. */
  const layerOf = (element) => {
    for (let each = element; each && each !== root; each = each.parentElement) {
      if (["fixed", "sticky", "absolute"].includes(getComputedStyle(each).position)) return each;
    }
    return root;
  };
  controls.slice(1).forEach((next, place) => {
    const before = controls[place];
    if (partOf(before) !== partOf(next) || next.tabIndex < 0 || before.tabIndex < 0) return;
    if (layerOf(before) !== layerOf(next)) return;
    const [one, two] = [before.getBoundingClientRect(), next.getBoundingClientRect()];
    const isBelow = one.left < two.right - SLACK && two.left < one.right - SLACK;
    if (isBelow && two.bottom <= one.top + SLACK) {
      problems.push(`${describe(next)} is above ${describe(before)}, but comes after it`);
    }
  });
  return [...new Set(problems)];
};
