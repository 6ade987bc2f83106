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
 * @typedef {object} Connection
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
  /** The connection that polls, while it does, and the socket it would rather have. */
  #polling = null;
  #timer = null;

  /**
   * @param {object} means
   * @param {() => Connection} means.openPolling
   * @param {(url: string) => Connection} [means.openSocket]
   * @param {(isPolling: boolean) => void} [means.onPolling] how messages travel from now on
   */
  constructor({ openPolling, openSocket = (url) => new WebSocket(url), onPolling = () => {} }) {
    this.#openPolling = openPolling;
    this.#openSocket = openSocket;
    this.#onPolling = onPolling;
  }

  /**
   * Opens a connection by whatever means work now.
   * @param {string} url of the socket
   * @returns {Connection}
   */
  connect(url) {
    return this.#failures < FAILURES_BEFORE_POLLING ? this.#bySocket(url) : this.#byPolling(url);
  }

  /** Another network, another chance for sockets. */
  retrySocket() {
    this.#failures = 0;
    if (this.#polling) this.#probe();
  }

  #bySocket(url) {
    const connection = new SwitchableConnection();
    connection.onFirst = () => this.#socketsWork();
    connection.onFailure = (code) => {
      if (!isFromOurServer(code)) this.#failures += 1;
    };
    connection.use(this.#openSocketSafely(url));
    return connection;
  }

  #byPolling(url) {
    const connection = new SwitchableConnection();
    connection.onFirst = () => this.#onPolling(true);
    // HTTP fails too: it is the server that is away, and it may come back with sockets.
    connection.onFailure = () => (this.#failures = FAILURES_BEFORE_POLLING - 1);
    connection.onLeave = () => this.#stopTrying();
    connection.use(this.#openPolling());
    this.#polling = { connection, url, probe: null };
    this.#tryToReturn(TRY_SOCKET_FIRST);
    return connection;
  }

  #tryToReturn(pause) {
    this.#timer = setTimeout(() => {
      this.#tryToReturn(TRY_SOCKET_EVERY);
      this.#probe();
    }, pause);
  }

  #stopTrying() {
    clearTimeout(this.#timer);
    this.#polling = null;
  }

  #probe() {
    const { connection, url, probe: hanging } = this.#polling;
    hanging?.close();
    const socket = this.#openSocketSafely(url);
    this.#polling.probe = socket;
    socket.onmessage = (message) => {
      if (!connection.use(socket)) return;
      socket.onmessage(message);
      this.#socketsWork();
    };
    socket.onclose = ({ code }) => {
      if (code >= FIRST_OWN_CODE) connection.end(code);
    };
  }

  #socketsWork() {
    this.#failures = 0;
    this.#onPolling(false);
  }

  // Where a policy forbids sockets, the constructor itself throws.
  #openSocketSafely(url) {
    try {
      return this.#openSocket(url);
    } catch {
      const dead = { onmessage: null, onclose: null, send: () => {}, close: () => {} };
      setTimeout(() => dead.onclose?.({ code: CLOSE_BROKEN }), 0);
      return dead;
    }
  }
}

/** Hands over what the connection below it says, and can change that without its owner noticing. */
class SwitchableConnection {
  onmessage = null;
  onclose = null;
  onFirst = () => {};
  /** It ended before it said anything. */
  onFailure = () => {};
  /** It ended, or its first connection was left for a better one. */
  onLeave = () => {};
  #current = null;
  #hasReceived = false;
  #isClosed = false;

  /**
   * @param {Connection} connection that brings the messages from now on
   * @returns {boolean} whether the connection still lives
   */
  use(connection) {
    if (this.#isClosed) connection.close();
    else this.#changeTo(connection);
    return !this.#isClosed;
  }

  send(text) {
    this.#current.send(text);
  }

  close() {
    this.#current.close();
    this.end(CLOSE_BROKEN);
  }

  /** @param {number} code */
  end(code) {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.onLeave();
    if (!this.#hasReceived) this.onFailure(code);
    this.onclose?.({ code });
  }

  #changeTo(connection) {
    const former = this.#current;
    this.#current = connection;
    connection.onmessage = (message) => this.#receive(message);
    connection.onclose = ({ code }) => this.end(code);
    if (!former) return;
    // It may still bring the answers of commands it was given.
    former.onclose = null;
    former.close();
    this.onLeave();
  }

  #receive(message) {
    if (!this.#hasReceived) this.onFirst();
    this.#hasReceived = true;
    this.onmessage?.(message);
  }
}

/** Codes that only our own server sends: the network let its socket through. */
function isFromOurServer(code) {
  return code >= FIRST_OWN_CODE || code === CLOSE_TRY_LATER;
}
