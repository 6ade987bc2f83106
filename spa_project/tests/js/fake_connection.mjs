/** The far end of one connection, as a test plays it. */
export class FakeConnection {
  sent = [];
  closed = false;

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.closed = true;
  }

  say(message) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  drop(code = 1006) {
    this.onclose?.({ code });
  }
}

// In small steps, so that every timer sees the time it fires at.
const STEP = 100;

/**
 * Lets time pass on mocked timers.
 * @param {{ tick: (milliseconds: number) => void }} timers
 * @returns {(seconds: number) => void}
 */
export function passing(timers) {
  return (seconds) => {
    for (let left = Math.round(seconds * 1000); left > 0; left -= STEP) timers.tick(STEP);
  };
}

/** Lets promises run; timers stand still meanwhile. */
export async function settle() {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
