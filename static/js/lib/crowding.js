/**
 * How much of a crowded screen is shown: smaller tiles for many, and a count of what is not in sight.
 */

const ROOMY = 8;
const DENSE = 20;

/**
 * How small the tiles of so many things are drawn.
 * @param {number} count
 * @returns {"roomy" | "dense" | "packed"}
 */
export function densityOf(count) {
  if (count <= ROOMY) return "roomy";
  return count <= DENSE ? "dense" : "packed";
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
