/**
 * A connection over plain HTTP, for networks that block WebSockets. It has a socket's interface,
 * requests the snapshot every few seconds, and posts commands to their URLs.
 */

const SHORTEST_PAUSE_MS = 3_000;
const LONGEST_PAUSE_MS = 5_000;
const SNAPSHOT_WITHIN_MS = 10_000;
const COMMAND_WITHIN_MS = 20_000;

const CLOSE_BROKEN = 1006;
/**
 * Close codes of a socket for the statuses of a refused snapshot.
 * @type {Record<number, number>}
 */
const CLOSE_FOR = { 401: 4401, 403: 4403, 404: 4404 };

/**
 * @typedef {object} PollingOptions
 * @property {string} snapshotUrl answers with an ETag, and 304
 * @property {string} [query] of a command's address, "?branch=main" for visitors
 * @property {() => string} [csrfToken] Django's CSRF token
 * @property {typeof fetch} [fetch]
 * @property {() => number} [random]
 */

export class Polling {
  /** @type {import("./transport.js").Connection["onmessage"]} */
  onmessage = null;
  /** @type {import("./transport.js").Connection["onclose"]} */
  onclose = null;
  /** @type {Required<PollingOptions>} */
  #options;
  #etag = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #isAsking = false;
  #answers = 0;
  #isClosed = false;

  /** @param {PollingOptions} options */
  constructor(options) {
    this.#options = {
      query: "",
      csrfToken: () => "",
      // The browser's own must not be called as a method of ours.
      fetch: (...request) => fetch(...request),
      random: Math.random,
      ...options,
    };
    this.#askIn(0);
  }

  /** @param {string} text a message as a socket would take it */
  send(text) {
    const { command, id, data } = JSON.parse(text);
    if (command !== "snapshot") return void this.#post(command, id, data);
    this.#etag = "";
    this.#askIn(0);
  }

  /** Stop polling. Answers of commands already sent are still delivered. */
  close() {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** @param {number} pause in milliseconds */
  #askIn(pause) {
    clearTimeout(this.#timer);
    if (!this.#isClosed) this.#timer = setTimeout(() => this.#ask(), pause);
  }

  #askLater() {
    const spread = LONGEST_PAUSE_MS - SHORTEST_PAUSE_MS;
    this.#askIn(SHORTEST_PAUSE_MS + this.#options.random() * spread);
  }

  async #ask() {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const answersBefore = this.#answers;
    try {
      const message = await this.#news();
      // A snapshot read before the command was answered would revert the answer.
      const isOld = answersBefore !== this.#answers;
      if (!isOld && !this.#isClosed) this.#deliver(message);
      if (isOld) this.#askAfresh();
      else this.#askLater();
    } catch (error) {
      this.#fail(error instanceof SnapshotRefused ? error.closeCode : CLOSE_BROKEN);
    } finally {
      this.#isAsking = false;
    }
  }

  #askAfresh() {
    this.#etag = "";
    this.#askIn(0);
  }

  async #news() {
    /** @type {Record<string, string>} */
    const headers = this.#etag ? { "If-None-Match": this.#etag } : {};
    const response = await this.#request(this.#options.snapshotUrl, SNAPSHOT_WITHIN_MS, {
      headers,
    });
    if (response.status === 304) return { event: "heartbeat", data: {} };
    const data = await response.json();
    if (!response.ok) throw new SnapshotRefused(response.status, data.ok === false);
    this.#etag = response.headers.get("ETag") ?? "";
    return { event: "snapshot", data };
  }

  /**
   * @param {string} command
   * @param {number} id
   * @param {object} data
   */
  async #post(command, id, data) {
    try {
      const response = await this.#request(this.#addressOf(command), COMMAND_WITHIN_MS, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          "X-CSRFToken": this.#options.csrfToken(),
        },
        body: JSON.stringify(data),
      });
      const reply = await response.json();
      if (typeof reply.ok !== "boolean") throw new Error("Not an answer of ours");
      this.#answers += 1;
      this.#deliver({ ...reply, id });
      this.#askIn(0);
    } catch {
      this.#fail();
    }
  }

  /** @param {string} command */
  #addressOf(command) {
    return `/api/commands/${command}/${this.#options.query}`;
  }

  /**
   * @param {string} url
   * @param {number} within in milliseconds
   * @param {RequestInit} request
   */
  #request(url, within, request) {
    const signal = AbortSignal.timeout?.(within);
    return this.#options.fetch(url, { cache: "no-store", signal, ...request });
  }

  /** @param {object} message */
  #deliver(message) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  #fail(code = CLOSE_BROKEN) {
    if (this.#isClosed) return;
    this.close();
    this.onclose?.({ code });
  }
}

class SnapshotRefused extends Error {
  /**
   * @param {number} status
   * @param {boolean} isOurs only our own server's word counts: a proxy says 403 and 404 too
   */
  constructor(status, isOurs) {
    super(`The snapshot was refused with ${status}`);
    this.closeCode = isOurs ? CLOSE_FOR[status] : undefined;
  }
}
