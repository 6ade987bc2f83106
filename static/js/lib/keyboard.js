/**
 * On-screen keyboard of the kiosk.
 */

const MAX_NAME_LENGTH = 60;

/** Rows of keys: Filipino and Spanish names have an Ñ, many have a hyphen. */
export const ROWS = ["QWERTYUIOP", "ASDFGHJKLÑ", "ZXCVBNM'-."].map((row) => [...row]);

/**
 * A name with one more letter: capitals begin words, small letters go on.
 * @param {string} name
 * @param {string} key
 */
export function withKey(name, key) {
  const begins = name === "" || /[\s'.-]$/.test(name);
  return (name + (begins ? key : key.toLowerCase())).slice(0, MAX_NAME_LENGTH);
}

/**
 * A name with a gap after its last word, never two.
 * @param {string} name
 */
export function withSpace(name) {
  return name === "" || name.endsWith(" ") ? name : withKey(name, " ");
}

/**
 * A name without its last letter.
 * @param {string} name
 */
export function withoutLast(name) {
  return [...name].slice(0, -1).join("");
}
