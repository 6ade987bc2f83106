/**
 * One connection to the server: commands with answers, events, and the care that keeps it alive.
 */

import { Refusal } from "./refusal.js";

const SHORTEST_WAIT = 500;
const LONGEST_WAIT = 15_000;
const PROBE_AFTER = 12_000;
const SILENT_AFTER = 25_000;
const OPEN_WITHIN = 10_000;
const OFFLINE_AFTER = 8_000;
const ANSWER_WITHIN = 20_000;
const SETTLE_WITHIN = 1_000;
const TICK = 1_000;

const CLOSE_BROKEN = 1006;
const CLOSE_LOGIN = 4401;
const CLOSE_FOR_GOOD = new Set([4403, 4404]);
const CLOSE_TOO_FAST = 4429;
const CLOSE_SLOW_DOWN = new Set([4408, CLOSE_TOO_FAST]);
const CALMER_ATTEMPT = 3;
const CALMER_WAIT = 5_000;

/**
 * @typedef {"connecting" | "live" | "reconnecting" | "offline"} ConnectionState
 * @typedef {object} SocketOptions
 * @property {string} url address of the socket, with its scheme
 * @property {(event: string, data: object) => void} onEvent snapshots, broadcasts and heartbeats
 * @property {(state: ConnectionState, lostAt: number | null, stale: boolean) => void} [onState]
 * @property {() => void} [onLogin] the server no longer knows who we are
 * @property {() => { count: number, versions: number }} [digest] of what the screen holds
 * @property {string} [lostMessage] sentence of a `connection_lost`
 * @property {(url: string) => import("./transport.js").Connection} [connect]
 * @property {() => number} [random]
 */

export class LiveSocket {
  #options;
  #connection = null;
  #isLive = false;
  #isClosed = false;
  #attempt = 0;
  #retry = null;
  #ticker = null;
  #receivedAt = 0;
  #dataReceivedAt = null;
  #probed = false;
  #lostAt = null;
  #notified = "";
  #nextId = 1;
  #requests = new Map();
  #heartbeat = null;
  #waitingForLive = [];

  /** @param {SocketOptions} options */
  constructor(options) {
    this.#options = {
      onState: () => {},
      onLogin: () => {},
      lostMessage: "",
      connect: (url) => new WebSocket(url),
      random: Math.random,
      ...options,
    };
  }

  open() {
    this.#receivedAt = Date.now();
    this.#ticker = setInterval(() => this.#tick(), TICK);
    this.#connect();
    this.#notify();
  }

  /** Hangs up for good. */
  close() {
    this.#isClosed = true;
    this.#closeForGood();
  }

  /** Tries at once, for instance because the device came back online. */
  reconnectNow() {
    if (this.#connection || this.#isClosed) return;
    clearTimeout(this.#retry);
    this.#connect();
  }

  /** The device says it has no network. Where that is wrong, the next connection is there at once. */
  assumeLost() {
    if (this.#connection) this.#abandonConnection();
  }

  get isLive() {
    return this.#isLive;
  }

  /**
   * Sends a command.
   * @param {string} command
   * @param {object} [data]
   * @returns {Promise<object>} the answer; rejects with a `Refusal`
   */
  request(command, data = {}) {
    if (!this.#isLive) return Promise.reject(this.#lost());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(id, () => reject(this.#lost())), ANSWER_WITHIN);
      this.#requests.set(id, { resolve, reject, timer });
      this.#send({ command, id, data });
    });
  }

  /**
   * Sends a command until it is answered, over as many connections as that takes. Only for commands
   * the server knows again (those with a `request_id`).
   * @param {string} command
   * @param {object} [data]
   * @returns {Promise<object>}
   */
  async requestUntilAnswered(command, data) {
    for (;;) {
      await this.#whenLive();
      try {
        return await this.request(command, data);
      } catch (refusal) {
        if (refusal.code !== "connection_lost" || this.#isClosed) throw refusal;
      }
    }
  }

  #whenLive() {
    if (this.#isLive || this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => this.#waitingForLive.push(resolve));
  }

  #connect() {
    const connection = this.#options.connect(this.#options.url);
    connection.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    connection.onclose = ({ code }) => this.#onClosed(code);
    this.#connection = connection;
    this.#receivedAt = Date.now();
  }

  #send(message) {
    this.#connection.send(JSON.stringify(message));
  }

  #requestSnapshot() {
    this.#heartbeat = null;
    if (this.#isLive) this.#send({ command: "snapshot" });
  }

  #receive(message) {
    this.#receivedAt = this.#dataReceivedAt = Date.now();
    this.#probed = false;
    // Only the first message proves the connection: a refused one is accepted, then closed.
    this.#isLive = true;
    this.#lostAt = null;
    this.#attempt = 0;
    this.#dispatch(message);
    if (this.#heartbeat && this.#agrees(this.#heartbeat)) this.#heartbeat = null;
    this.#notify();
  }

  #dispatch(message) {
    if (this.#requests.has(message.id)) this.#answer(message);
    else if (message.event === "resync") this.#requestSnapshot();
    else this.#options.onEvent(message.event, message.data ?? {});
    if (message.event === "heartbeat") this.#compare(message.data);
  }

  #answer(message) {
    this.#settle(message.id, ({ resolve, reject }) => {
      if (message.ok) resolve(message);
      else reject(new Refusal(message.code, message.error));
    });
  }

  #settle(id, how) {
    const request = this.#requests.get(id);
    this.#requests.delete(id);
    clearTimeout(request.timer);
    how(request);
  }

  // Events may still be on their way, so a difference counts only when it lasts.
  #compare(heartbeat) {
    if (this.#agrees(heartbeat)) return;
    this.#heartbeat = heartbeat;
    setTimeout(() => {
      if (this.#heartbeat === heartbeat) this.#requestSnapshot();
    }, SETTLE_WITHIN);
  }

  #agrees(heartbeat) {
    const digest = this.#options.digest?.();
    if (!digest || heartbeat?.count === undefined) return true;
    return digest.count === heartbeat.count && digest.versions === heartbeat.versions;
  }

  #tick() {
    const silence = Date.now() - this.#receivedAt;
    if (this.#connection && silence > (this.#isLive ? SILENT_AFTER : OPEN_WITHIN))
      this.#abandonConnection();
    else if (this.#isLive && silence > PROBE_AFTER && !this.#probed) {
      this.#probed = true;
      this.#requestSnapshot();
    }
    this.#notify();
  }

  // A dead network may keep a closing handshake waiting for minutes: we do not wait for it.
  #abandonConnection() {
    const connection = this.#connection;
    connection.onmessage = connection.onclose = null;
    connection.close();
    this.#onClosed(CLOSE_BROKEN);
  }

  #onClosed(code) {
    this.#connection = null;
    this.#isLive = false;
    this.#lostAt ??= Date.now();
    this.#heartbeat = null;
    for (const id of [...this.#requests.keys()])
      this.#settle(id, ({ reject }) => reject(this.#lost()));
    if (code === CLOSE_LOGIN) this.#options.onLogin();
    if (code === CLOSE_LOGIN || CLOSE_FOR_GOOD.has(code)) this.#isClosed = true;
    if (this.#isClosed) this.#closeForGood();
    else this.#retryLater(code);
    this.#notify();
  }

  #retryLater(code) {
    if (CLOSE_SLOW_DOWN.has(code)) this.#attempt = Math.max(this.#attempt, CALMER_ATTEMPT);
    const ceiling = Math.min(LONGEST_WAIT, 1000 * 2 ** this.#attempt);
    const least = code === CLOSE_TOO_FAST ? CALMER_WAIT : SHORTEST_WAIT;
    const wait = least + this.#options.random() * (ceiling - least);
    this.#attempt += 1;
    this.#retry = setTimeout(() => this.#connect(), wait);
  }

  #closeForGood() {
    clearTimeout(this.#retry);
    clearInterval(this.#ticker);
    if (this.#connection) {
      this.#connection.onmessage = this.#connection.onclose = null;
      this.#connection.close();
      this.#onClosed(1000);
    }
  }

  /** @returns {ConnectionState} */
  #state() {
    if (this.#isLive) return "live";
    if (this.#isClosed) return "offline";
    if (this.#lostAt === null) return "connecting";
    return Date.now() - this.#lostAt > OFFLINE_AFTER ? "offline" : "reconnecting";
  }

  #notify() {
    const state = this.#state();
    const stale = this.#dataReceivedAt !== null && Date.now() - this.#dataReceivedAt > SILENT_AFTER;
    const news = `${state} ${this.#lostAt} ${stale}`;
    if (news === this.#notified) return;
    this.#notified = news;
    this.#options.onState(state, this.#lostAt, stale);
    if (!this.#isLive && !this.#isClosed) return;
    for (const resume of this.#waitingForLive.splice(0)) resume();
  }

  #lost() {
    return new Refusal("connection_lost", this.#options.lostMessage);
  }
}
