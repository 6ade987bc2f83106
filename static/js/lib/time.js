/**
 * Time on screens. Timers run on the server's clock, because a tablet's own may be wrong.
 */

import { fillIn } from "./words.js";

const MINUTE_MS = 60_000;
const HOUR_MINUTES = 60;

/** Offset of this device's clock from the server's. */
export class ServerClock {
  #offset = 0;

  /** @param {string | undefined} serverNow ISO time, as it came in a snapshot */
  set(serverNow) {
    const then = Date.parse(serverNow ?? "");
    if (!Number.isNaN(then)) this.#offset = then - Date.now();
  }

  /** @returns {number} milliseconds, as `Date.now()` on the server would say */
  now() {
    return Date.now() + this.#offset;
  }
}

/**
 * Milliseconds since a moment; 0 for the future and for no moment at all.
 * @param {string | null | undefined} iso
 * @param {number} now
 */
export function millisecondsSince(iso, now) {
  const then = Date.parse(iso ?? "");
  return Number.isNaN(then) ? 0 : Math.max(0, now - then);
}

/**
 * A length of time in whole minutes; one that has begun does not count yet.
 * @param {number} milliseconds
 */
export function wholeMinutes(milliseconds) {
  return Math.floor(milliseconds / MINUTE_MS);
}

/**
 * Whole minutes since a moment.
 * @param {string | null | undefined} iso
 * @param {number} now
 */
export function minutesSince(iso, now) {
  return wholeMinutes(millisecondsSince(iso, now));
}

/**
 * A running timer, "12:05" or "1:02:05".
 * @param {string | null | undefined} iso
 * @param {number} now
 */
export function stopwatch(iso, now) {
  const then = Date.parse(iso ?? "");
  const seconds = Number.isNaN(then) ? 0 : Math.max(0, Math.floor((now - then) / 1000));
  /** @param {number} number */
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours
    ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${two(minutes)}:${two(seconds % 60)}`;
}

/**
 * A length of time in words, which no line's end tears apart: "45 min", "2 h", "1 h 30 min".
 * @param {number} minutes
 * @param {Record<string, string>} words with `minutes`, `hours` and `hours_minutes`
 */
export function inWords(minutes, words) {
  const values = { hours: Math.floor(minutes / HOUR_MINUTES), minutes: minutes % HOUR_MINUTES };
  const whole = values.minutes ? words.hours_minutes : words.hours;
  return fillIn(values.hours ? whole : words.minutes, values).replaceAll(" ", "\u00a0");
}

/**
 * A length of time for a place where words would not fit: "45 min", "1:30 h".
 * @param {number} minutes
 * @param {Record<string, string>} words with `minutes`; the sign of hours is that of all languages
 */
export function inShort(minutes, words) {
  if (minutes < HOUR_MINUTES) return inWords(minutes, words);
  const rest = String(minutes % HOUR_MINUTES).padStart(2, "0");
  return `${Math.floor(minutes / HOUR_MINUTES)}:${rest}\u00a0h`;
}

/** Two hours: whoever waits longer plans in hours. */
const LONG_WAIT_MINUTES = 2 * HOUR_MINUTES;

/**
 * A wait that nobody knows exactly: "about 10 to 20 minutes", "about 50 min to 1 h 15 min"; from
 * two hours on in whole hours, "about 6 h to 9 h", and never a shorter range than it is.
 * @param {[number, number]} range in minutes
 * @param {Record<string, string>} words with `wait.short`, `wait.minutes`, `wait.long` and those of
 *   `inWords`
 * @param {string} name of the sentences, where it is not `wait`
 */
export function waitInWords([low, high], words, name = "wait") {
  if (low === 0) return fillIn(words[`${name}.short`], { high });
  if (high < HOUR_MINUTES) return fillIn(words[`${name}.minutes`], { low, high });
  return fillIn(words[`${name}.long`], {
    low: inWords(low < LONG_WAIT_MINUTES ? low : inHours(low, Math.floor), words),
    high: inWords(high < LONG_WAIT_MINUTES ? high : inHours(high, Math.ceil), words),
  });
}

/**
 * @param {number} minutes
 * @param {(hours: number) => number} rounded
 */
function inHours(minutes, rounded) {
  return rounded(minutes / HOUR_MINUTES) * HOUR_MINUTES;
}

/**
 * Time of day in 24 hours, as the spa's own clock shows it.
 * @param {string} language
 * @param {string} [timeZone] of the branch; without one the device's
 * @returns {(moment: number | string) => string}
 */
export function timeOfDayFormat(language, timeZone) {
  const format = new Intl.DateTimeFormat(language, {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone,
  });
  return (moment) => format.format(new Date(moment));
}

/**
 * A day of the month, without its year.
 * @param {string} language
 * @param {string} [timeZone] of the branch; without one the device's
 * @returns {(moment: number | string) => string}
 */
export function shortDayFormat(language, timeZone) {
  const format = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone });
  return (moment) => format.format(new Date(moment));
}
