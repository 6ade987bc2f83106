/**
 * One line to the server: commands with answers, events, and the care that keeps it alive.
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
 * @typedef {"connecting" | "live" | "reconnecting" | "offline"} LineState
 * @typedef {object} LineOptions
 * @property {string} url address of the socket, with its scheme
 * @property {(event: string, data: object) => void} onEvent snapshots, broadcasts and heartbeats
 * @property {(state: LineState, lostAt: number | null, stale: boolean) => void} [onState]
 * @property {() => void} [onLogin] the server no longer knows who we are
 * @property {() => { count: number, versions: number }} [digest] of what the screen holds
 * @property {string} [lostWords] sentence of a `connection_lost`
 * @property {(url: string) => import("./transport.js").End} [connect]
 * @property {() => number} [random]
 */

export class LiveSocket {
  #options;
  #line = null;
  #lineIsGood = false;
  #over = false;
  #attempt = 0;
  #retry = null;
  #ticker = null;
  #heardAt = 0;
  #freshAt = null;
  #probed = false;
  #lostAt = null;
  #told = "";
  #nextId = 1;
  #asks = new Map();
  #heartbeat = null;
  #waiting = [];

  /** @param {LineOptions} options */
  constructor(options) {
    this.#options = {
      onState: () => {},
      onLogin: () => {},
      lostWords: "",
      connect: (url) => new WebSocket(url),
      random: Math.random,
      ...options,
    };
  }

  open() {
    this.#heardAt = Date.now();
    this.#ticker = setInterval(() => this.#tick(), TICK);
    this.#connect();
    this.#tell();
  }

  /** Hangs up for good. */
  close() {
    this.#over = true;
    this.#hangUp();
  }

  /** Tries at once, for instance because the device came back online. */
  hurry() {
    if (this.#line || this.#over) return;
    clearTimeout(this.#retry);
    this.#connect();
  }

  /** The device says it has no network. Where that is wrong, the next line is there at once. */
  doubt() {
    if (this.#line) this.#giveUpLine();
  }

  get isLive() {
    return this.#lineIsGood;
  }

  /**
   * Sends a command.
   * @param {string} command
   * @param {object} [data]
   * @returns {Promise<object>} the answer; rejects with a `Refusal`
   */
  ask(command, data = {}) {
    if (!this.#lineIsGood) return Promise.reject(this.#lost());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#give(id, () => reject(this.#lost())), ANSWER_WITHIN);
      this.#asks.set(id, { resolve, reject, timer });
      this.#send({ command, id, data });
    });
  }

  /**
   * Sends a command until it is answered, over as many lines as that takes. Only for commands
   * the server knows again (those with a `request_id`).
   * @param {string} command
   * @param {object} [data]
   * @returns {Promise<object>}
   */
  async insist(command, data) {
    for (;;) {
      await this.#whenLive();
      try {
        return await this.ask(command, data);
      } catch (refusal) {
        if (refusal.code !== "connection_lost" || this.#over) throw refusal;
      }
    }
  }

  #whenLive() {
    if (this.#lineIsGood || this.#over) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #connect() {
    const line = this.#options.connect(this.#options.url);
    line.onmessage = ({ data }) => this.#hear(JSON.parse(data));
    line.onclose = ({ code }) => this.#closed(code);
    this.#line = line;
    this.#heardAt = Date.now();
  }

  #send(message) {
    this.#line.send(JSON.stringify(message));
  }

  #askSnapshot() {
    this.#heartbeat = null;
    if (this.#lineIsGood) this.#send({ command: "snapshot" });
  }

  #hear(message) {
    this.#heardAt = this.#freshAt = Date.now();
    this.#probed = false;
    // Only the first message proves the line: a refused one is accepted, then closed.
    this.#lineIsGood = true;
    this.#lostAt = null;
    this.#attempt = 0;
    this.#take(message);
    if (this.#heartbeat && this.#agrees(this.#heartbeat)) this.#heartbeat = null;
    this.#tell();
  }

  #take(message) {
    if (this.#asks.has(message.id)) this.#answer(message);
    else if (message.event === "resync") this.#askSnapshot();
    else this.#options.onEvent(message.event, message.data ?? {});
    if (message.event === "heartbeat") this.#compare(message.data);
  }

  #answer(message) {
    this.#give(message.id, ({ resolve, reject }) => {
      if (message.ok) resolve(message);
      else reject(new Refusal(message.code, message.error));
    });
  }

  #give(id, how) {
    const ask = this.#asks.get(id);
    this.#asks.delete(id);
    clearTimeout(ask.timer);
    how(ask);
  }

  // Events may still be on their way, so a difference counts only when it lasts.
  #compare(heartbeat) {
    if (this.#agrees(heartbeat)) return;
    this.#heartbeat = heartbeat;
    setTimeout(() => {
      if (this.#heartbeat === heartbeat) this.#askSnapshot();
    }, SETTLE_WITHIN);
  }

  #agrees(heartbeat) {
    const digest = this.#options.digest?.();
    if (!digest || heartbeat?.count === undefined) return true;
    return digest.count === heartbeat.count && digest.versions === heartbeat.versions;
  }

  #tick() {
    const silence = Date.now() - this.#heardAt;
    if (this.#line && silence > (this.#lineIsGood ? SILENT_AFTER : OPEN_WITHIN)) this.#giveUpLine();
    else if (this.#lineIsGood && silence > PROBE_AFTER && !this.#probed) {
      this.#probed = true;
      this.#askSnapshot();
    }
    this.#tell();
  }

  // A dead network may keep a closing handshake waiting for minutes: we do not wait for it.
  #giveUpLine() {
    const line = this.#line;
    line.onmessage = line.onclose = null;
    line.close();
    this.#closed(CLOSE_BROKEN);
  }

  #closed(code) {
    this.#line = null;
    this.#lineIsGood = false;
    this.#lostAt ??= Date.now();
    this.#heartbeat = null;
    for (const id of [...this.#asks.keys()]) this.#give(id, ({ reject }) => reject(this.#lost()));
    if (code === CLOSE_LOGIN) this.#options.onLogin();
    if (code === CLOSE_LOGIN || CLOSE_FOR_GOOD.has(code)) this.#over = true;
    if (this.#over) this.#hangUp();
    else this.#retryLater(code);
    this.#tell();
  }

  #retryLater(code) {
    if (CLOSE_SLOW_DOWN.has(code)) this.#attempt = Math.max(this.#attempt, CALMER_ATTEMPT);
    const ceiling = Math.min(LONGEST_WAIT, 1000 * 2 ** this.#attempt);
    const least = code === CLOSE_TOO_FAST ? CALMER_WAIT : SHORTEST_WAIT;
    const wait = least + this.#options.random() * (ceiling - least);
    this.#attempt += 1;
    this.#retry = setTimeout(() => this.#connect(), wait);
  }

  #hangUp() {
    clearTimeout(this.#retry);
    clearInterval(this.#ticker);
    if (this.#line) {
      this.#line.onmessage = this.#line.onclose = null;
      this.#line.close();
      this.#closed(1000);
    }
  }

  /** @returns {LineState} */
  #state() {
    if (this.#lineIsGood) return "live";
    if (this.#over) return "offline";
    if (this.#lostAt === null) return "connecting";
    return Date.now() - this.#lostAt > OFFLINE_AFTER ? "offline" : "reconnecting";
  }

  #tell() {
    const state = this.#state();
    const stale = this.#freshAt !== null && Date.now() - this.#freshAt > SILENT_AFTER;
    const news = `${state} ${this.#lostAt} ${stale}`;
    if (news === this.#told) return;
    this.#told = news;
    this.#options.onState(state, this.#lostAt, stale);
    if (this.#lineIsGood || this.#over) this.#waiting.splice(0).forEach((go) => go());
  }

  #lost() {
    return new Refusal("connection_lost", this.#options.lostWords);
  }
}
