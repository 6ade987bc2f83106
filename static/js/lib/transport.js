/**
 * Transport of messages: WebSocket, or polling while the network blocks sockets.
 */

const FAILURES_BEFORE_POLLING = 2;
// Soon once, for a network that was only away for a while; then now and then.
const TRY_SOCKET_FIRST_MS = 5_000;
const TRY_SOCKET_EVERY_MS = 30_000;
const CLOSE_BROKEN = 1006;
const CLOSE_TRY_LATER = 1013;
const FIRST_OWN_CODE = 4000;

/**
 * Interface of sockets and polling.
 * @typedef {object} Connection
 * @property {((message: Message) => void) | null} onmessage
 * @property {((event: Closing) => void) | null} onclose
 * @property {(text: string) => void} send
 * @property {() => void} close
 *
 * @typedef {{ data: string }} Message
 * @typedef {{ code: number }} Closing
 * @typedef {{ connection: SwitchableConnection, url: string, probe: Connection | null }} PollingState
 */

/**
 * A browser's socket. Its handlers take more than ours need, which is what the cast is about.
 * @param {string} url
 * @returns {Connection}
 */
export function openSocket(url) {
  return /** @type {Connection} */ (/** @type {unknown} */ (new WebSocket(url)));
}

export class Transport {
  #openSocket;
  #openPolling;
  #onPolling;
  #failures = 0;
  /** @type {PollingState | null} the connection that polls, and the socket it would rather have */
  #polling = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {object} means
   * @param {() => Connection} means.openPolling
   * @param {(url: string) => Connection} [means.openSocket]
   * @param {(isPolling: boolean) => void} [means.onPolling] how messages travel from now on
   */
  constructor({ openPolling, openSocket: open = openSocket, onPolling = () => {} }) {
    this.#openPolling = openPolling;
    this.#openSocket = open;
    this.#onPolling = onPolling;
  }

  /**
   * Open a connection by whatever means work now.
   * @param {string} url of the socket
   * @returns {Connection}
   */
  connect(url) {
    return this.#failures < FAILURES_BEFORE_POLLING ? this.#bySocket(url) : this.#byPolling(url);
  }

  /** Another network, another chance for sockets. */
  retrySocket() {
    this.#failures = 0;
    if (this.#polling) this.#probe(this.#polling);
  }

  /** @param {string} url */
  #bySocket(url) {
    const connection = new SwitchableConnection();
    connection.onFirst = () => this.#socketsWork();
    connection.onFailure = (code) => {
      if (!isFromOurServer(code)) this.#failures += 1;
    };
    connection.use(this.#openSocketSafely(url));
    return connection;
  }

  /** @param {string} url */
  #byPolling(url) {
    const connection = new SwitchableConnection();
    connection.onFirst = () => this.#onPolling(true);
    // HTTP fails too: it is the server that is away, and it may come back with sockets.
    connection.onFailure = () => {
      this.#failures = FAILURES_BEFORE_POLLING - 1;
    };
    connection.onLeave = () => this.#stopTrying();
    connection.use(this.#openPolling());
    this.#polling = { connection, url, probe: null };
    this.#tryToReturn(TRY_SOCKET_FIRST_MS);
    return connection;
  }

  /** @param {number} pause in milliseconds */
  #tryToReturn(pause) {
    this.#timer = setTimeout(() => {
      this.#tryToReturn(TRY_SOCKET_EVERY_MS);
      if (this.#polling) this.#probe(this.#polling);
    }, pause);
  }

  #stopTrying() {
    clearTimeout(this.#timer);
    this.#polling = null;
  }

  /** @param {PollingState} polling */
  #probe(polling) {
    const { connection, url } = polling;
    polling.probe?.close();
    const socket = this.#openSocketSafely(url);
    polling.probe = socket;
    socket.onmessage = (message) => {
      if (!connection.use(socket)) return;
      socket.onmessage?.(message);
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

  /**
   * Where a policy forbids sockets, the constructor itself throws.
   * @param {string} url
   * @returns {Connection}
   */
  #openSocketSafely(url) {
    try {
      return this.#openSocket(url);
    } catch {
      /** @type {Connection} */
      const dead = { onmessage: null, onclose: null, send: () => {}, close: () => {} };
      setTimeout(() => dead.onclose?.({ code: CLOSE_BROKEN }), 0);
      return dead;
    }
  }
}

/** Pass on what the connection below it says, and can change that without its owner noticing. */
class SwitchableConnection {
  /** @type {Connection["onmessage"]} */
  onmessage = null;
  /** @type {Connection["onclose"]} */
  onclose = null;
  onFirst = () => {};
  /** @type {(code: number) => void} it ended before it said anything */
  onFailure = () => {};
  /** It ended, or its first connection was left for a better one. */
  onLeave = () => {};
  /** @type {Connection | null} */
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

  /** @param {string} text */
  send(text) {
    this.#current?.send(text);
  }

  close() {
    this.#current?.close();
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

  /** @param {Connection} connection */
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

  /** @param {Message} message */
  #receive(message) {
    if (!this.#hasReceived) this.onFirst();
    this.#hasReceived = true;
    this.onmessage?.(message);
  }
}

/**
 * Codes that only our own server sends: the network let its socket through.
 * @param {number} code
 */
function isFromOurServer(code) {
  return code >= FIRST_OWN_CODE || code === CLOSE_TRY_LATER;
}
