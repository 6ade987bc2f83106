/**
 * Move the keyboard focus.
 */

/**
 * Focus an element once it can be seen: Alpine shows elements with the next frame.
 * @param {() => HTMLElement | undefined} find
 */
export function focusOnceShown(find) {
  requestAnimationFrame(() => requestAnimationFrame(() => find()?.focus()));
}
