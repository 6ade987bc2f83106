/**
 * Evaluated in a page: what of its layout is wrong, in sentences. Looks at the page's parts, every
 * piece of text and every control that can be seen now; inside the dialog that is open, if one is.
 */
() => {
  const SLACK = 2;
  /** What a page consists of: none of these may lie on another one. */
  const PARTS =
    "header, section, article, form, fieldset, ul, ol, dl, .bill-sum, .notice, .preview, .qr";
  const root = document.querySelector("dialog:modal") ?? document.body;
  const problems = [];

  const describe = (box) => {
    const words = (box.element.textContent || box.element.getAttribute("aria-label") || "").trim();
    const kind = box.element.tagName.toLowerCase();
    return `<${kind} class="${box.element.className.baseVal ?? box.element.className}"> “${words.slice(0, 30)}”`;
  };

  const styleOf = (element) => getComputedStyle(element);
  const isShown = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    styleOf(element).clipPath === "none" &&
    !element.closest(
      ".visually-hidden, .skip-link, .skip-to-content-link, [hidden], noscript, script, [popover]:not(:popover-open)",
    );

  /** A control that makes a whole tile touchable covers all of it, not some of its words. */
  const coversItsTile = (element) => {
    const tile = element.offsetParent;
    return (
      styleOf(element).position === "absolute" &&
      element.tagName === "BUTTON" &&
      Math.abs(element.offsetWidth - tile?.clientWidth) <= SLACK &&
      Math.abs(element.offsetHeight - tile?.clientHeight) <= SLACK
    );
  };

  /** Fixed and sticky things lie over the page on purpose; each is a layer of its own. */
  const layerOf = (element) => {
    for (let each = element; each && each !== root; each = each.parentElement) {
      if (coversItsTile(each)) return each;
      if (["fixed", "sticky"].includes(styleOf(each).position) || each.matches(":popover-open"))
        return each;
    }
    return root;
  };

  const scrolls = (style, side) => ["auto", "scroll"].includes(style[side]);

  /** What is left of a box inside the elements that clip it; notes what is cut off for good. */
  const clipped = (frames, rect) => {
    let { left, top, right, bottom } = rect;
    let isCut = false;
    for (let each = frames; each && each !== document.documentElement; each = each.parentElement) {
      const style = styleOf(each);
      if (style.overflowX === "visible" && style.overflowY === "visible") continue;
      const frame = each.getBoundingClientRect();
      const mayScroll = scrolls(style, "overflowX") || scrolls(style, "overflowY");
      const outside = left < frame.left - SLACK || right > frame.right + SLACK;
      const below = top < frame.top - SLACK || bottom > frame.bottom + SLACK;
      if (
        (outside || below) &&
        !mayScroll &&
        style.textOverflow !== "ellipsis" &&
        style.webkitLineClamp === "none"
      ) {
        isCut = true;
      }
      left = Math.max(left, frame.left);
      right = Math.min(right, frame.right);
      top = Math.max(top, frame.top);
      bottom = Math.min(bottom, frame.bottom);
    }
    return { left, top, right, bottom, isCut };
  };

  /** A line's box reaches above and below its letters; close lines are no fault. */
  const inked = ({ left, top, width, height }) =>
    new DOMRect(left, top + height * 0.18, width, height * 0.64);

  const isOnScreen = ({ left, top, right, bottom }) =>
    left >= -SLACK &&
    top >= -SLACK &&
    right <= document.documentElement.clientWidth + SLACK &&
    bottom <= document.documentElement.clientHeight + SLACK;

  const boxes = [];
  const take = (element, rect, innermostFrame = element.parentElement) => {
    if (rect.width < 1 || rect.height < 1) return;
    const part = clipped(innermostFrame, rect);
    const box = { element, layer: layerOf(element), ...part };
    if (part.isCut) problems.push(`${describe(box)} is cut off`);
    // Nobody can scroll to what lies before the page's beginning. What a part of the page scrolls
    // is clipped to that part: from right to left it reaches to the left of the page.
    const isVisible = part.left < part.right && part.top < part.bottom;
    if (isVisible && (part.top + scrollY < -SLACK || part.left + scrollX < -SLACK))
      problems.push(`${describe(box)} is outside the page`);
    // What is fixed to the screen is not scrolled with the page.
    if (isVisible && styleOf(box.layer).position === "fixed" && !isOnScreen(part))
      problems.push(`${describe(box)} is fixed outside the screen`);
    if (part.right - part.left >= 1 && part.bottom - part.top >= 1) boxes.push(box);
  };

  for (const element of root.querySelectorAll(
    `${PARTS}, a, button, input, select, textarea, summary, img.qr`,
  )) {
    if (isShown(element)) take(element, element.getBoundingClientRect());
  }
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!node.data.trim() || !isShown(node.parentElement)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const button = node.parentElement.closest(".button")?.getBoundingClientRect();
    for (const rect of range.getClientRects()) {
      take(node.parentElement, inked(rect), node.parentElement);
      if (button && (rect.left < button.left - SLACK || rect.right > button.right + SLACK)) {
        if (rect.width > 1) problems.push(`“${node.data.trim()}” overflows its button`);
      }
    }
  }

  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width + SLACK) {
    problems.push(`the page is ${document.documentElement.scrollWidth - width} px too wide`);
  }

  // Who scrolls a list down does not look for what is beside it.
  for (const each of root.querySelectorAll("*")) {
    const [beside, below] = [
      each.scrollWidth - each.clientWidth,
      each.scrollHeight - each.clientHeight,
    ];
    if (Math.min(beside, below) <= SLACK || !isShown(each)) continue;
    const style = styleOf(each);
    if (scrolls(style, "overflowX") && scrolls(style, "overflowY"))
      problems.push(`<${each.className}> scrolls both ways: ${beside} px are beside it`);
  }

  // Nobody scrolls a wall screen: neither the page nor a part of it may be longer than it is shown,
  // unless a count beside that part says what is left out. A manager scrolls the page of a wall, but
  // does not look for what a part of it hides.
  const WALL = matchMedia("(min-width: 64rem) and (min-height: 36rem)").matches;
  const wall = WALL ? document.querySelector("main[data-wall]") : null;
  if (wall) {
    const low = document.documentElement.scrollHeight - document.documentElement.clientHeight;
    if (low > SLACK && wall.dataset.wall !== "scrolled")
      problems.push(`the wall is ${low} px higher than its screen`);
    for (const each of wall.querySelectorAll("*")) {
      const below = each.scrollHeight - each.clientHeight;
      if (!isShown(each) || below <= SLACK || !scrolls(styleOf(each), "overflowY")) continue;
      if (each.dataset.more !== "true")
        problems.push(`<${each.className}> hides ${below} px of a wall that nobody scrolls`);
    }
  }

  const isOverlap = (one, two) =>
    Math.min(one.right, two.right) - Math.max(one.left, two.left) > SLACK &&
    Math.min(one.bottom, two.bottom) - Math.max(one.top, two.top) > SLACK + 2;
  // From top to bottom: what begins below a box cannot lie on it, so a long page is not compared
  // with itself box by box.
  boxes.sort((one, two) => one.top - two.top);
  boxes.forEach((one, place) => {
    for (let next = place + 1; next < boxes.length && boxes[next].top < one.bottom; next += 1) {
      const two = boxes[next];
      if (
        isOverlap(one, two) &&
        one.layer === two.layer &&
        !one.element.contains(two.element) &&
        !two.element.contains(one.element)
      )
        problems.push(`${describe(one)} overlaps ${describe(two)}`);
    }
  });
  return [...new Set(problems)];
};
