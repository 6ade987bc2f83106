/**
 * A calm landscape for a treatment without a photograph: the same one for the same treatment.
 */

const WIDTH = 320;
const HEIGHT = 180;
const HILLS = [0.5, 0.66, 0.82];

export const TINTS = 6;

/**
 * @param {number} id of the treatment
 * @returns {{ tint: number, sun: { x: number, y: number, r: number }, hills: string[] }} for an
 *   SVG of 320 by 180: which palette, a disc, and the outlines of hills, far to near
 */
export function landscape(id) {
  const next = dice(id);
  return {
    tint: id % TINTS,
    sun: { x: round(60 + next() * 200), y: round(36 + next() * 30), r: round(20 + next() * 12) },
    hills: HILLS.map((height) => hill(height * HEIGHT, next)),
  };
}

/**
 * One soft wave from edge to edge.
 * @param {number} height
 * @param {() => number} next
 */
function hill(height, next) {
  const swing = () => (next() - 0.5) * 56;
  const edge = () => round(height + swing() / 2);
  const [start, middle, end] = [edge(), edge(), edge()];
  const [rise, fall] = [round(height - 18 + swing()), round(height + 14 + swing())];
  return (
    `M0 ${start}C${WIDTH * 0.2} ${rise} ${WIDTH * 0.35} ${rise} ${WIDTH / 2} ${middle}` +
    `S${WIDTH * 0.8} ${fall} ${WIDTH} ${end}V${HEIGHT}H0Z`
  );
}

/**
 * Numbers from 0 to 1 that depend on the seed alone (mulberry32).
 * @param {number} seed
 */
function dice(seed) {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @param {number} number */
function round(number) {
  return Math.round(number * 10) / 10;
}
