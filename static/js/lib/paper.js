/**
 * Paper from a roll: as wide as the printer says, as long as what is on it.
 */

const PX_PER_MM = 96 / 25.4;
const TAIL_MM = 4; // margin for the printer's cutter

/**
 * The print rule for a receipt.
 * @param {string} width of the paper in millimetres
 * @param {number} height of what is printed, in CSS pixels
 * @returns {string} CSS
 */
export function paperRule(width, height) {
  return `@page { size: ${width}mm ${Math.ceil(height / PX_PER_MM) + TAIL_MM}mm; margin: 0; }`;
}
