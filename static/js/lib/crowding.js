/**
 * How much of a crowded screen is shown: smaller tiles for many, and a count of what is not in sight.
 */

/** Up to how many things are drawn as roomy and as dense tiles, on a wide screen and on others. */
const LIMITS = { wide: { roomy: 8, dense: 20 }, narrow: { roomy: 4, dense: 12 } };

/**
 * How small the tiles of so many things are drawn.
 * @param {number} count
 * @param {boolean} [isWide]
 * @returns {"roomy" | "dense" | "packed"}
 */
export function densityOf(count, isWide = true) {
  const { roomy, dense } = isWide ? LIMITS.wide : LIMITS.narrow;
  if (count <= roomy) return "roomy";
  return count <= dense ? "dense" : "packed";
}

/**
 * How many elements of a list that scrolls end below what can be seen of it.
 * @param {Pick<HTMLElement, "scrollTop" | "clientHeight">} list
 * @param {Iterable<Pick<HTMLElement, "offsetTop" | "offsetHeight">>} elements by their distance
 *   from the top of the list
 * @returns {number}
 */
export function countBelow(list, elements) {
  const end = list.scrollTop + list.clientHeight;
  return [...elements].filter(({ offsetTop, offsetHeight }) => offsetTop + offsetHeight > end + 1)
    .length;
}
