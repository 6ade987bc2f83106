/**
 * Keeps a page's component in step with the floor, and its status chip with the connection.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { OptimisticState } from "./optimistic.js";
import { data, timeOfDay, words } from "./page.js";
import { Polling } from "./polling.js";
import { LiveSocket } from "./socket.js";
import { FloorStore } from "./store.js";
import { ServerClock } from "./time.js";
import { Transport } from "./transport.js";

const TICK = 1000;
const COARSE_TICK = 10_000;

Alpine.store("connection", {
  state: "connecting",
  since: "",
  live: false,
  stale: false,
  polling: false,
});

/**
 * The page's connection to the server.
 * @param {Partial<import("./socket.js").SocketOptions>} options
 * @param {string} [snapshotUrl] what is asked for again and again where sockets are blocked
 * @returns {LiveSocket}
 */
export function connectLive(options, snapshotUrl = data.snapshot_url) {
  const transport = new Transport({
    openPolling: () => new Polling({ snapshotUrl, query: branchQuery(), csrfToken }),
    onPolling: (isPolling) => (Alpine.store("connection").polling = isPolling),
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
 * What a screen of the floor has in common: its rows, rooms and clock, and how it acts.
 * A component takes these with `...floor` and calls `this.startSync()` when it starts.
 */
export const floor = {
  rows: [],
  rooms: [],
  me: null,
  /** What the server counts: no row tells it. */
  figures: null,
  now: Date.now(),
  /** The same for what is counted in minutes: each of many rows that asks would cost a second's work. */
  coarseNow: Date.now(),
  /** When the server was last heard. */
  heardAt: Date.now(),
  loaded: false,
  /** Versions as they were when the page opened: what differs is news and may shine. */
  opening: {},
  busy: "",
  problem: "",
  request: null,
  requestUntilAnswered: null,
  showOptimistically: null,
  reconcile: null,

  isNews(row) {
    return this.opening[row.id] !== row.version;
  },

  /** Whether a button must wait: without a connection, or while another command is under way. */
  cannotAct() {
    return !this.$store.connection.live || this.busy !== "";
  },

  /** Called with each snapshot; a component may bring its own. */
  onSnapshot() {},

  startSync() {
    const sync = new FloorSync(this);
    this.request = (command, data) => sync.socket.request(command, data);
    this.requestUntilAnswered = (command, data) => sync.socket.requestUntilAnswered(command, data);
    this.showOptimistically = (update) => sync.showOptimistically(update);
    this.reconcile = (answer) => sync.reconcile(answer);
    // The page brings what was true when it was made; the connection tells what is.
    sync.receive("snapshot", data.snapshot);
  },

  /**
   * Sends a command for a button: one at a time, and a refusal is shown, never thrown.
   * @param {string} command
   * @param {object} [data]
   * @param {import("./optimistic.js").OptimisticUpdate} [update] what to show until the answer comes
   * @returns {Promise<object | null>} the answer
   */
  async act(command, data, update) {
    return this.attempt(command, () => this.request(command, data), update);
  },

  /**
   * @param {string} what names what is under way
   * @param {() => Promise<object>} send
   * @param {import("./optimistic.js").OptimisticUpdate} [update]
   */
  async attempt(what, send, update) {
    if (this.busy) return null;
    this.busy = what;
    this.problem = "";
    this.showOptimistically(update ?? null);
    try {
      const answer = await send();
      this.reconcile(answer);
      return answer;
    } catch (refusal) {
      if (refusal.code === "not_authenticated") goToLogin();
      // Locked in another window: the server says where to wait.
      if (refusal.code === "locked") location.reload();
      this.showOptimistically(null);
      this.problem = refusal.message;
      return null;
    } finally {
      this.busy = "";
    }
  },
};

/** Moves events from the connection into the component. Lives outside it: proxies hide private fields. */
class FloorSync {
  constructor(component) {
    this.component = component;
    this.store = new FloorStore(data.shows ?? null);
    this.optimistic = new OptimisticState();
    this.clock = new ServerClock();
    this.socket = connectLive({
      digest: () => this.store.digest(),
      onEvent: (event, news) => this.receive(event, news),
    });
    setInterval(() => this.tick(), TICK);
  }

  receive(event, news) {
    if (event === "snapshot") this.takeSnapshot(news);
    else this.takeEvent(news);
    this.component.heardAt = this.clock.now();
  }

  takeSnapshot(snapshot) {
    this.clock.set(snapshot.server_now);
    const { transaction, transactions = transaction ? [transaction] : [], rooms } = snapshot;
    this.store.replace({ transactions, rooms });
    if (!this.component.busy) this.optimistic.drop();
    this.component.me = snapshot.me ?? null;
    if (snapshot.therapists) this.component.therapists = snapshot.therapists;
    if (snapshot.cashiers) this.component.cashiers = snapshot.cashiers;
    this.count(snapshot);
    if (!this.component.loaded) this.component.opening = versionsOf(transactions);
    this.component.loaded = true;
    this.tick();
    this.show();
    this.component.onSnapshot(snapshot);
  }

  takeEvent(news) {
    this.count(news);
    if (this.learn(news)) this.show();
  }

  count({ statistics, revenue_today, before, wait_minutes }) {
    const told = { revenue_today, before, wait_minutes };
    const news = Object.entries(told).filter(([, figure]) => figure !== undefined);
    const figures = { ...statistics, ...Object.fromEntries(news) };
    if (Object.keys(figures).length)
      this.component.figures = { ...this.component.figures, ...figures };
  }

  learn({ transaction, room }) {
    const isNews = [transaction && this.store.put(transaction), room && this.store.putRoom(room)];
    return isNews.includes(true);
  }

  showOptimistically(update) {
    if (update) this.optimistic.show(update);
    else this.optimistic.drop();
    this.show();
  }

  reconcile(answer) {
    this.optimistic.confirm();
    this.learn(answer);
    this.show();
  }

  show() {
    // Frozen, as each row is: Alpine watches the list as a whole.
    this.component.rows = Object.freeze(
      this.optimistic.transactions(this.store.transactions(), data.shows),
    );
    this.component.rooms = Object.freeze(this.optimistic.rooms(this.store.rooms()));
  }

  tick() {
    const now = this.clock.now();
    this.component.now = now;
    this.component.coarseNow = now - (now % COARSE_TICK);
  }
}

function versionsOf(rows) {
  return Object.fromEntries(rows.map(({ id, version }) => [id, version]));
}

function showState(state, lostAt, stale) {
  const connection = Alpine.store("connection");
  connection.state = state;
  connection.live = state === "live";
  connection.since = lostAt ? timeOfDay(lostAt) : "";
  connection.stale = stale;
  document.documentElement.dataset.connection = state;
  document.documentElement.toggleAttribute("data-stale", stale);
}

function goToLogin() {
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

function socketUrl(path) {
  const url = new URL(path, location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
