/** The far end of one connection, as a test plays it. */
export class FakeConnection {
  /** @type {import("../../../static/js/lib/transport.js").Connection["onmessage"]} */
  onmessage = null;
  /** @type {import("../../../static/js/lib/transport.js").Connection["onclose"]} */
  onclose = null;
  /** @type {{ command: string, id: number, data: object }[]} */
  sent = [];
  closed = false;

  /** @param {string} text */
  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.closed = true;
  }

  /** @param {object} message */
  say(message) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  drop(code = 1006) {
    this.onclose?.({ code });
  }
}

// In small steps, so that every timer sees the time it fires at.
const STEP_MS = 100;

/**
 * Lets time pass on mocked timers.
 * @param {{ tick: (milliseconds: number) => void }} timers
 * @returns {(seconds: number) => void}
 */
export function passing(timers) {
  return (seconds) => {
    for (let left = Math.round(seconds * 1000); left > 0; left -= STEP_MS) timers.tick(STEP_MS);
  };
}

/** Lets promises run; timers stand still meanwhile. */
export async function settle() {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
