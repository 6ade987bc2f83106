/**
 * A screen on a wall, which nobody looks after.
 */

const MINUTE_MS = 60_000;
const CURSOR_HIDDEN_AFTER_MS = 3000;
const NIGHTLY_HOUR = 4;
const SHIFTS_PX = [0, 1, 2, 1];

/**
 * Milliseconds until the next time that hour.
 * @param {number} hour
 * @param {Date} now
 */
export function untilHour(hour, now) {
  const then = new Date(now);
  then.setHours(hour, 0, 0, 0);
  if (then <= now) then.setDate(then.getDate() + 1);
  return then.getTime() - now.getTime();
}

/** Start afresh each night, while nobody looks; not while the server is away. */
export function reloadNightly() {
  setTimeout(
    async () => {
      const answer = await fetch("/healthz", { cache: "no-store" }).catch(() => null);
      if (answer?.ok) location.reload();
      else reloadNightly();
    },
    untilHour(NIGHTLY_HOUR, new Date()),
  );
}

/**
 * Move the picture by a pixel or two each minute, so that nothing burns in.
 * @param {HTMLElement} picture
 */
export function preventBurnIn(picture) {
  let turn = 0;
  setInterval(() => {
    turn += 1;
    picture.style.setProperty("--shift-x", `${SHIFTS_PX[turn % 4]}px`);
    picture.style.setProperty("--shift-y", `${SHIFTS_PX[Math.floor(turn / 4) % 4]}px`);
  }, MINUTE_MS);
}

/** Keep the screen lit, where the browser lets us. */
export function keepScreenOn() {
  const ask = async () => {
    if (!document.hidden) await navigator.wakeLock?.request("screen");
  };
  const askQuietly = () => void ask().catch(() => {});
  document.addEventListener("visibilitychange", askQuietly);
  askQuietly();
}

/**
 * Hide the pointer while nobody moves it.
 * @param {HTMLElement} picture
 */
export function hideCursor(picture) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resting;
  const moved = () => {
    picture.removeAttribute("data-still");
    clearTimeout(resting);
    resting = setTimeout(() => picture.setAttribute("data-still", ""), CURSOR_HIDDEN_AFTER_MS);
  };
  addEventListener("pointermove", moved);
  moved();
}
