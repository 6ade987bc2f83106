/**
 * How messages travel: by WebSocket, or by polling while the network lets no socket through.
 */

const FAILURES_BEFORE_POLLING = 2;
// Soon once, for a network that was only away for a while; then now and then.
const TRY_SOCKET_FIRST = 5_000;
const TRY_SOCKET_EVERY = 30_000;
const CLOSE_BROKEN = 1006;
const CLOSE_TRY_LATER = 1013;
const FIRST_OWN_CODE = 4000;

/**
 * What sockets and polling have in common.
 * @typedef {object} End
 * @property {((message: { data: string }) => void) | null} onmessage
 * @property {((event: { code: number }) => void) | null} onclose
 * @property {(text: string) => void} send
 * @property {() => void} close
 */

export class Transport {
  #openSocket;
  #openPolling;
  #onPolling;
  #failures = 0;
  /** The line that polls, while it does, and the socket it would rather have. */
  #polled = null;
  #timer = null;

  /**
   * @param {object} means
   * @param {() => End} means.openPolling
   * @param {(url: string) => End} [means.openSocket]
   * @param {(isPolling: boolean) => void} [means.onPolling] how messages travel from now on
   */
  constructor({ openPolling, openSocket = (url) => new WebSocket(url), onPolling = () => {} }) {
    this.#openPolling = openPolling;
    this.#openSocket = openSocket;
    this.#onPolling = onPolling;
  }

  /**
   * Opens a line by whatever means work now.
   * @param {string} url of the socket
   * @returns {End}
   */
  connect(url) {
    return this.#failures < FAILURES_BEFORE_POLLING ? this.#bySocket(url) : this.#byPolling(url);
  }

  /** Another network, another chance for sockets. */
  hurry() {
    this.#failures = 0;
    if (this.#polled) this.#probe();
  }

  #bySocket(url) {
    const line = new Line();
    line.onFirst = () => this.#socketsWork();
    line.onFailure = (code) => {
      if (!isOurs(code)) this.#failures += 1;
    };
    line.carry(this.#dial(url));
    return line;
  }

  #byPolling(url) {
    const line = new Line();
    line.onFirst = () => this.#onPolling(true);
    // HTTP fails too: it is the server that is away, and it may come back with sockets.
    line.onFailure = () => (this.#failures = FAILURES_BEFORE_POLLING - 1);
    line.onLeave = () => this.#stopTrying();
    line.carry(this.#openPolling());
    this.#polled = { line, url, probe: null };
    this.#tryToReturn(TRY_SOCKET_FIRST);
    return line;
  }

  #tryToReturn(pause) {
    this.#timer = setTimeout(() => {
      this.#tryToReturn(TRY_SOCKET_EVERY);
      this.#probe();
    }, pause);
  }

  #stopTrying() {
    clearTimeout(this.#timer);
    this.#polled = null;
  }

  #probe() {
    const { line, url, probe: hanging } = this.#polled;
    hanging?.close();
    const socket = this.#dial(url);
    this.#polled.probe = socket;
    socket.onmessage = (message) => {
      if (!line.carry(socket)) return;
      socket.onmessage(message);
      this.#socketsWork();
    };
    socket.onclose = ({ code }) => {
      if (code >= FIRST_OWN_CODE) line.end(code);
    };
  }

  #socketsWork() {
    this.#failures = 0;
    this.#onPolling(false);
  }

  // Where a policy forbids sockets, the constructor itself throws.
  #dial(url) {
    try {
      return this.#openSocket(url);
    } catch {
      const dead = { onmessage: null, onclose: null, send: () => {}, close: () => {} };
      setTimeout(() => dead.onclose?.({ code: CLOSE_BROKEN }), 0);
      return dead;
    }
  }
}

/** Hands over what its end says, and can change ends without its owner noticing. */
class Line {
  onmessage = null;
  onclose = null;
  onFirst = () => {};
  /** It ended before it said anything. */
  onFailure = () => {};
  /** It ended, or its first carrier was left for a better one. */
  onLeave = () => {};
  #carrier = null;
  #heard = false;
  #over = false;

  /**
   * @param {End} carrier who brings the messages from now on
   * @returns {boolean} whether the line still lives
   */
  carry(carrier) {
    if (this.#over) carrier.close();
    else this.#changeTo(carrier);
    return !this.#over;
  }

  send(text) {
    this.#carrier.send(text);
  }

  close() {
    this.#carrier.close();
    this.end(CLOSE_BROKEN);
  }

  /** @param {number} code */
  end(code) {
    if (this.#over) return;
    this.#over = true;
    this.onLeave();
    if (!this.#heard) this.onFailure(code);
    this.onclose?.({ code });
  }

  #changeTo(carrier) {
    const former = this.#carrier;
    this.#carrier = carrier;
    carrier.onmessage = (message) => this.#hear(message);
    carrier.onclose = ({ code }) => this.end(code);
    if (!former) return;
    // It may still bring the answers of commands it was given.
    former.onclose = null;
    former.close();
    this.onLeave();
  }

  #hear(message) {
    if (!this.#heard) this.onFirst();
    this.#heard = true;
    this.onmessage?.(message);
  }
}

/** Codes that only our own server sends: the network let its socket through. */
function isOurs(code) {
  return code >= FIRST_OWN_CODE || code === CLOSE_TRY_LATER;
}
