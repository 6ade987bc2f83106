/**
 * The idempotency key of something a person decided once (confirm, pay) and that must happen once,
 * however often it has to be sent: it keeps its `request_id` until the answer came, through reloads
 * too.
 */

import { codeOf } from "./refusal.js";

/**
 * @template {object} Content
 * @typedef {{ content: Content, request_id: string, sending: boolean }} StoredRequest
 */

/** @template {object} Content what is asked for, without the key */
export class IdempotentRequest {
  #stored;
  #newId;

  /**
   * @param {import("./stored_value.js").StoredValue<StoredRequest<Content>>} stored
   * @param {() => string} [newId]
   */
  constructor(stored, newId = uuid) {
    this.#stored = stored;
    this.#newId = newId;
  }

  /**
   * Return the data to send. The same content again is the same request.
   * @param {Content} content
   * @returns {Content & { request_id: string }}
   */
  begin(content) {
    const known = this.#stored.get();
    const isSame = known && JSON.stringify(known.content) === JSON.stringify(content);
    const request_id = isSame ? known.request_id : this.#newId();
    this.#stored.set({ content, request_id, sending: true });
    return { ...content, request_id };
  }

  /**
   * Return the request that a closed page did not complete, or null.
   * @returns {(Content & { request_id: string }) | null}
   */
  unfinished() {
    const known = this.#stored.get();
    return known?.sending ? { ...known.content, request_id: known.request_id } : null;
  }

  /** Stop sending; a manual retry is still the same request. */
  rest() {
    const known = this.#stored.get();
    if (known) this.#stored.set({ ...known, sending: false });
  }

  /** The answer came: the next request is a new one. */
  end() {
    this.#stored.forget();
  }
}

/** @type {Set<unknown>} */
const MAY_HAVE_HAPPENED = new Set(["busy", "server_error", "rate_limited", "connection_lost"]);

/**
 * Send a request and close it when the answer is final.
 * @template Answer
 * @param {Pick<IdempotentRequest<object>, "rest" | "end">} request
 * @param {() => Promise<Answer>} send
 */
export async function sendIdempotently(request, send) {
  try {
    const answer = await send();
    request.end();
    return answer;
  } catch (refusal) {
    if (MAY_HAVE_HAPPENED.has(codeOf(refusal))) request.rest();
    else request.end();
    throw refusal;
  }
}

// `crypto.randomUUID` exists on secure origins only; a spa's own network may be plain HTTP.
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
