/**
 * How much room a page has, in letters: a kiosk's are bigger, so its screen is smaller than it is.
 */

/**
 * Tell now and after each change whether the page is at least so wide.
 * @param {number} rems
 * @param {(isWide: boolean) => void} tell
 */
export function whenWide(rems, tell) {
  const root = document.documentElement;
  const measure = () =>
    tell(root.clientWidth >= rems * parseFloat(getComputedStyle(root).fontSize));
  measure();
  addEventListener("resize", measure);
}
