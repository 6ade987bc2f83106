/**
 * One connection to the server: commands, answers, events, heartbeats and reconnects.
 */

import { codeOf, Refusal } from "./refusal.js";
import { openSocket } from "./transport.js";

const SHORTEST_WAIT_MS = 500;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;
// A heartbeat and two seconds. Where another machine has taken over the address of a lost one, the
// probe is answered with a reset at once.
const PROBE_AFTER_MS = 7_000;
const SILENT_AFTER_MS = 25_000;
const OPEN_WITHIN_MS = 10_000;
const OFFLINE_AFTER_MS = 8_000;
const ANSWER_WITHIN_MS = 20_000;
const SETTLE_WITHIN_MS = 1_000;
const TICK_MS = 1_000;

const DIGEST = /** @type {const} */ (["count", "versions", "setup", "presence", "turns"]);

const CLOSE_NORMAL = 1000;
const CLOSE_BROKEN = 1006;
const CLOSE_LOGIN = 4401;
const CLOSE_FOR_GOOD = new Set([4403, 4404]);
const CLOSE_TOO_FAST = 4429;
const CLOSE_SLOW_DOWN = new Set([4408, CLOSE_TOO_FAST]);
const CALMER_ATTEMPT = 3;
const CALMER_WAIT_MS = 5_000;

/**
 * @typedef {import("./transport.js").Connection} Connection
 * @typedef {"connecting" | "live" | "reconnecting" | "offline"} ConnectionState
 *
 * @typedef {{ id?: number, event: Wire.EventName, data?: object }} ServerEvent
 * @typedef {{ id: number, ok: true }} Answer with what the command's reply has
 * @typedef {{ id: number, ok: false, code: Wire.ErrorCode, error: string }} RefusedAnswer
 *
 * @typedef {object} PendingRequest
 * @property {(answer: Answer) => void} resolve
 * @property {(refusal: Refusal) => void} reject
 * @property {ReturnType<typeof setTimeout>} timer
 *
 * @typedef {object} SocketOptions
 * @property {string} url address of the socket, with its scheme
 * @property {(event: Wire.EventName, data: object) => void} onEvent snapshots, broadcasts and heartbeats
 * @property {(state: ConnectionState, lostAt: number | null, stale: boolean) => void} [onState]
 * @property {() => void} [onLogin] the server no longer knows who we are
 * @property {() => Partial<Wire.FloorDigest> | null} [digest] of what the screen holds
 * @property {string} [lostMessage] sentence of a `connection_lost`
 * @property {(url: string) => Connection} [connect]
 * @property {() => number} [random]
 */

export class LiveSocket {
  /** @type {Required<SocketOptions>} */
  #options;
  /** @type {Connection | null} */
  #connection = null;
  #isLive = false;
  #isClosed = false;
  #attempt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticker;
  #receivedAt = 0;
  /** @type {number | null} */
  #dataReceivedAt = null;
  #probed = false;
  /** @type {number | null} */
  #lostAt = null;
  #notified = "";
  #nextId = 1;
  /** @type {Map<unknown, PendingRequest>} */
  #requests = new Map();
  /** @type {Partial<Wire.FloorDigest> | null} the last one that differed from what the screen holds */
  #heartbeat = null;
  /** @type {(() => void)[]} */
  #waitingForLive = [];

  /** @param {SocketOptions} options */
  constructor(options) {
    this.#options = {
      onState: () => {},
      onLogin: () => {},
      digest: () => null,
      lostMessage: "",
      connect: openSocket,
      random: Math.random,
      ...options,
    };
  }

  open() {
    this.#receivedAt = Date.now();
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    this.#connect();
    this.#notify();
  }

  /** Close the connection for good. */
  close() {
    this.#isClosed = true;
    this.#closeForGood();
  }

  /** Try at once, for instance because the device came back online. */
  reconnectNow() {
    if (this.#connection || this.#isClosed) return;
    clearTimeout(this.#retry);
    this.#connect();
  }

  /** The device says it has no network. If that is wrong, the next connection succeeds at once. */
  assumeLost() {
    if (this.#connection) this.#abandon(this.#connection);
  }

  /** Asks for the state of everything shown, after an answer that contradicts it. */
  refresh() {
    this.#requestSnapshot();
  }

  get isLive() {
    return this.#isLive;
  }

  /**
   * Send a command.
   * @template {keyof Wire.Commands} Name
   * @param {Name} command
   * @param {Wire.Commands[Name]["data"]} data
   * @returns {Promise<Wire.Commands[Name]["reply"]>} rejects with a `Refusal`
   */
  request(command, data) {
    if (!this.#isLive) return Promise.reject(this.#lost());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#takeRequest(id)?.reject(this.#lost()), ANSWER_WITHIN_MS);
      this.#requests.set(id, {
        resolve: (answer) => resolve(/** @type {Wire.Commands[Name]["reply"] & Answer} */ (answer)),
        reject,
        timer,
      });
      this.#send({ command, id, data });
    });
  }

  /**
   * Send a command until it is answered, over as many connections as that takes. Only for
   * idempotent commands (those with a `request_id`).
   * @template {keyof Wire.Commands} Name
   * @param {Name} command
   * @param {Wire.Commands[Name]["data"]} data
   * @returns {Promise<Wire.Commands[Name]["reply"]>}
   */
  async requestUntilAnswered(command, data) {
    for (;;) {
      await this.#whenLive();
      try {
        return await this.request(command, data);
      } catch (refusal) {
        if (codeOf(refusal) !== "connection_lost" || this.#isClosed) throw refusal;
      }
    }
  }

  /** @returns {Promise<void>} */
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

  /** @param {object} message */
  #send(message) {
    this.#connection?.send(JSON.stringify(message));
  }

  #requestSnapshot() {
    this.#heartbeat = null;
    if (this.#isLive) this.#send({ command: "snapshot" });
  }

  /** @param {ServerEvent | Answer | RefusedAnswer} message */
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

  /** @param {ServerEvent | Answer | RefusedAnswer} message */
  #dispatch(message) {
    const request = this.#takeRequest(message.id);
    if (request) this.#answer(request, /** @type {Answer | RefusedAnswer} */ (message));
    else this.#hear(/** @type {ServerEvent} */ (message));
  }

  /** @param {ServerEvent} message */
  #hear({ event, data = {} }) {
    if (event === "resync" || event === "setup_updated") this.#requestSnapshot();
    else this.#options.onEvent(event, data);
    if (event === "heartbeat") this.#compare(data);
  }

  /**
   * @param {PendingRequest} request
   * @param {Answer | RefusedAnswer} message
   */
  #answer({ resolve, reject }, message) {
    if (message.ok) resolve(message);
    else reject(new Refusal(message.code, message.error));
  }

  /**
   * A request that is not waited for any more, by its id.
   * @param {unknown} id
   */
  #takeRequest(id) {
    const request = this.#requests.get(id);
    this.#requests.delete(id);
    clearTimeout(request?.timer);
    return request;
  }

  /**
   * Events may still be in flight, so a difference counts only when it lasts.
   * @param {Partial<Wire.FloorDigest>} heartbeat
   */
  #compare(heartbeat) {
    if (this.#agrees(heartbeat)) return;
    this.#heartbeat = heartbeat;
    setTimeout(() => {
      if (this.#heartbeat === heartbeat) this.#requestSnapshot();
    }, SETTLE_WITHIN_MS);
  }

  /** @param {Partial<Wire.FloorDigest>} heartbeat without what it says nothing of */
  #agrees(heartbeat) {
    const digest = this.#options.digest();
    if (!digest) return true;
    return DIGEST.every(
      (name) => heartbeat[name] === undefined || heartbeat[name] === digest[name],
    );
  }

  #tick() {
    const silence = Date.now() - this.#receivedAt;
    const longest = this.#isLive ? SILENT_AFTER_MS : OPEN_WITHIN_MS;
    if (this.#connection && silence > longest) this.#abandon(this.#connection);
    else if (this.#isLive && silence > PROBE_AFTER_MS && !this.#probed) {
      this.#probed = true;
      this.#requestSnapshot();
    }
    this.#notify();
  }

  /**
   * A dead network may keep a closing handshake waiting for minutes: we do not wait for it.
   * @param {Connection} connection
   */
  #abandon(connection) {
    connection.onmessage = connection.onclose = null;
    connection.close();
    this.#onClosed(CLOSE_BROKEN);
  }

  /** @param {number} code */
  #onClosed(code) {
    this.#connection = null;
    this.#isLive = false;
    this.#lostAt ??= Date.now();
    this.#heartbeat = null;
    for (const id of [...this.#requests.keys()]) this.#takeRequest(id)?.reject(this.#lost());
    if (code === CLOSE_LOGIN) this.#options.onLogin();
    if (code === CLOSE_LOGIN || CLOSE_FOR_GOOD.has(code)) this.#isClosed = true;
    if (this.#isClosed) this.#closeForGood();
    else this.#retryLater(code);
    this.#notify();
  }

  /**
   * Exponential back-off with jitter.
   * @param {number} code
   */
  #retryLater(code) {
    if (CLOSE_SLOW_DOWN.has(code)) this.#attempt = Math.max(this.#attempt, CALMER_ATTEMPT);
    const ceiling = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#attempt);
    const least = code === CLOSE_TOO_FAST ? CALMER_WAIT_MS : SHORTEST_WAIT_MS;
    const wait = least + this.#options.random() * (ceiling - least);
    this.#attempt += 1;
    this.#retry = setTimeout(() => this.#connect(), wait);
  }

  #closeForGood() {
    clearTimeout(this.#retry);
    clearInterval(this.#ticker);
    const connection = this.#connection;
    if (!connection) return;
    connection.onmessage = connection.onclose = null;
    connection.close();
    this.#onClosed(CLOSE_NORMAL);
  }

  /** @returns {ConnectionState} */
  #state() {
    if (this.#isLive) return "live";
    if (this.#isClosed) return "offline";
    if (this.#lostAt === null) return "connecting";
    return Date.now() - this.#lostAt > OFFLINE_AFTER_MS ? "offline" : "reconnecting";
  }

  #notify() {
    const state = this.#state();
    const heardAt = this.#dataReceivedAt;
    const stale = heardAt !== null && Date.now() - heardAt > SILENT_AFTER_MS;
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
