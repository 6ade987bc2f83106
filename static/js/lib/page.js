/**
 * Data, texts and formats that a page's template passes to its script.
 */

import { waitsForOne } from "./lanes.js";
import { moneyFormat } from "./money.js";
import { inShort, inWords, shortDayFormat, timeOfDayFormat, waitInWords } from "./time.js";
import { fillIn, readWords } from "./words.js";

// Frozen to the last value: Alpine need not watch what never changes.
const data = JSON.parse(document.getElementById("page-data")?.textContent ?? "{}", (_key, value) =>
  Object.freeze(value),
);

/**
 * Return the data that the page's view passes to its script.
 * @template {Wire.PageData} Data the page's own, by the type of what it is assigned to
 * @returns {Data}
 */
export function pageData() {
  return data;
}

export const words = readWords(document);

const language = document.documentElement.lang;

export const money = moneyFormat(language, data.currency);
const { timeZone } = document.documentElement.dataset;
export const timeOfDay = timeOfDayFormat(language, timeZone);
export const shortDay = shortDayFormat(language, timeZone);

/**
 * Return a text of the page with its placeholders filled.
 * @param {string} name
 * @param {Record<string, string | number>} [values]
 */
export function say(name, values = {}) {
  return fillIn(words[name] ?? "", values);
}

const plurals = new Intl.PluralRules(language);

/**
 * A sentence with a number in the form its language wants: `found.one`, `found.other`.
 * @param {string} name
 * @param {number} count
 */
export function plural(name, count) {
  const form = `${name}.${plurals.select(count)}`;
  return say(form in words ? form : `${name}.other`, { count });
}

/**
 * What every component may call from its template.
 */
export const formatting = {
  money,
  timeOfDay,
  say,
  plural,

  /** @param {number} minutes */
  length(minutes) {
    return inWords(minutes, words);
  },

  /** @param {number} minutes */
  shortLength(minutes) {
    return inShort(minutes, words);
  },

  /** @param {number} count of people */
  beforeWords(count) {
    return count === 0 ? say("next") : say("before", { count });
  },

  /** @param {[number, number]} range in minutes */
  waitWords(range) {
    return waitInWords(range, words);
  },

  /** @param {import("./cart.js").CartChange} change */
  changeWords({ service, old, now }) {
    return now === null
      ? say("left_menu", { service })
      : `${service}: ${money(old)} > ${money(now)}`;
  },

  /**
   * Whom a waiting customer asked for; empty when they asked for nobody.
   * @param {import("./lanes.js").Waiting} row
   * @returns {string}
   */
  requestWords(row) {
    if (waitsForOne(row)) return say("asked_for", { name: row.requested_therapist ?? "" });
    return row.preference && row.preference !== "anyone" ? say(`asked_for.${row.preference}`) : "";
  },

  /** @param {{ status: Wire.Status }} row a transaction */
  statusOf(row) {
    return words[`status.${row.status}`] ?? row.status;
  },

  /** @param {{ status: Wire.RoomStatus }} room */
  roomStatusOf(room) {
    return words[`room.${room.status}`] ?? room.status;
  },

  /**
   * The tier of a service, and its minutes where the tier does not say them itself.
   * @param {Pick<Wire.ClassificationData, "classification" | "duration_minutes">} item
   */
  tier(item) {
    const says = item.classification.includes(String(item.duration_minutes));
    return says
      ? item.classification
      : `${item.classification} · ${fillIn(words.minutes ?? "", { minutes: item.duration_minutes })}`;
  },
};
