/**
 * How much room a page has, in letters: a kiosk's are bigger, so its screen is smaller than it is.
 */

/**
 * Tell now and after each change whether the page is at least so wide.
 *
 * A resize observer is called once the new layout is known; during a resize event the size of the
 * letters is still that of the screen before it was turned.
 * @param {number} rems
 * @param {(isWide: boolean) => void} tell
 */
export function whenWide(rems, tell) {
  const root = document.documentElement;
  /** @type {boolean | undefined} */
  let told;
  const measure = () => {
    const isWide = root.clientWidth >= rems * parseFloat(getComputedStyle(root).fontSize);
    if (isWide !== told) tell(isWide);
    told = isWide;
  };
  measure();
  new ResizeObserver(measure).observe(root);
}
