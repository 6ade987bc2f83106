/**
 * How components and their parts get their types.
 */

/**
 * @template T
 * @typedef {import("../../vendor/alpine-csp.esm.min.js").Magics<T>} Magics
 */

/**
 * Type an object as a component, or as a part that components take with `...part`: `this` in its
 * methods is the object itself, what it `needs` beside it, and what Alpine puts there. Properties
 * that depend on others need their type written down; TypeScript cannot go in circles.
 * @template {object} Part
 * @template {object} [Needs=object]
 * @param {Part & ThisType<Part & Needs & Magics<Part>>} part
 * @param {Needs} [_needs] the part that must be there too
 * @returns {Part}
 */
export function component(part, _needs) {
  return part;
}
