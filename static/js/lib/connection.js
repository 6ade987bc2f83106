/**
 * The page's connection to the server, and the status chip that shows it.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { pageData, timeOfDay, words } from "./page.js";
import { Polling } from "./polling.js";
import { LiveSocket } from "./socket.js";
import { Transport } from "./transport.js";

/**
 * @typedef {object} ConnectionStore
 * @property {import("./socket.js").ConnectionState} state
 * @property {string} since when it was lost, as people read it
 * @property {boolean} live
 * @property {boolean} stale
 * @property {boolean} polling
 */

/** @type {Wire.LivePage} */
const data = pageData();

Alpine.store("connection", {
  state: "connecting",
  since: "",
  live: false,
  stale: false,
  polling: false,
});

/**
 * Open the connection, and show its state from now on.
 * @param {Partial<import("./socket.js").SocketOptions> &
 *   Pick<import("./socket.js").SocketOptions, "onEvent">} options
 * @param {string} [snapshotUrl] what is asked for again and again where sockets are blocked
 * @returns {LiveSocket}
 */
export function connectLive(options, snapshotUrl = data.snapshot_url) {
  const transport = new Transport({
    openPolling: () => new Polling({ snapshotUrl, query: branchQuery(), csrfToken }),
    onPolling: (isPolling) => {
      Alpine.store("connection").polling = isPolling;
    },
  });
  const socket = new LiveSocket({
    url: socketUrl(data.socket),
    connect: (url) => transport.connect(url),
    lostMessage: words.connection_lost,
    onState: showState,
    onLogin: goToLogin,
    ...options,
  });
  addEventListener("online", () => {
    transport.retrySocket();
    socket.reconnectNow();
  });
  addEventListener("offline", () => socket.assumeLost());
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) socket.reconnectNow();
  });
  socket.open();
  return socket;
}

/**
 * @param {import("./socket.js").ConnectionState} state
 * @param {number | null} lostAt
 * @param {boolean} stale
 */
function showState(state, lostAt, stale) {
  const connection = Alpine.store("connection");
  connection.state = state;
  connection.live = state === "live";
  connection.since = lostAt ? timeOfDay(lostAt) : "";
  connection.stale = stale;
  document.documentElement.toggleAttribute("data-stale", stale);
}

export function goToLogin() {
  const here = encodeURIComponent(location.pathname + location.search);
  location.assign(`${data.login_url}?next=${here}`);
}

/** Visitors name their branch with each command, as they do for the socket. */
function branchQuery() {
  return new URL(data.socket, location.href).search;
}

// Read anew each time: logging in changes it.
function csrfToken() {
  return /(?:^|; )(?:__Host-)?csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "";
}

/** @param {string} path */
function socketUrl(path) {
  const url = new URL(path, location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
