/**
 * Keeps a page's component in step with the floor, and its status chip with the line.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { Overlay } from "./optimistic.js";
import { data, timeOfDay, words } from "./page.js";
import { Polling } from "./polling.js";
import { LiveSocket } from "./socket.js";
import { FloorStore } from "./store.js";
import { ServerClock } from "./time.js";
import { Transport } from "./transport.js";

const TICK = 1000;
const LATELY = 10_000;

Alpine.store("link", { state: "connecting", since: "", live: false, stale: false, polling: false });

/**
 * The page's line to the server.
 * @param {Partial<import("./socket.js").LineOptions>} options
 * @param {string} [snapshotUrl] what is asked for again and again where sockets are blocked
 * @returns {LiveSocket}
 */
export function openLine(options, snapshotUrl = data.snapshot_url) {
  const transport = new Transport({
    openPolling: () => new Polling({ snapshotUrl, query: branchQuery(), csrfToken }),
    onPolling: (isPolling) => (Alpine.store("link").polling = isPolling),
  });
  const line = new LiveSocket({
    url: socketUrl(data.socket),
    connect: (url) => transport.connect(url),
    lostWords: words.connection_lost,
    onState: showState,
    onLogin: goToLogin,
    ...options,
  });
  addEventListener("online", () => {
    transport.hurry();
    line.hurry();
  });
  addEventListener("offline", () => line.doubt());
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) line.hurry();
  });
  line.open();
  return line;
}

/**
 * What a screen of the floor has in common: its rows, rooms and clock, and how it acts.
 * A component takes these with `...floor` and calls `this.follow()` when it starts.
 */
export const floor = {
  rows: [],
  rooms: [],
  me: null,
  /** What the server counts: no row tells it. */
  figures: null,
  now: Date.now(),
  /** The same for what is counted in minutes: each of many rows that asks would cost a second's work. */
  lately: Date.now(),
  /** When the server was last heard. */
  heardAt: Date.now(),
  loaded: false,
  /** Versions as they were when the page opened: what differs is news and may shine. */
  opening: {},
  busy: "",
  problem: "",
  ask: null,
  insist: null,
  imagine: null,
  agreed: null,

  isNews(row) {
    return this.opening[row.id] !== row.version;
  },

  /** Called with each snapshot; a component may bring its own. */
  caughtUp() {},

  follow() {
    const screen = new Screen(this);
    this.ask = (command, data) => screen.line.ask(command, data);
    this.insist = (command, data) => screen.line.insist(command, data);
    this.imagine = (guess) => screen.imagine(guess);
    this.agreed = (answer) => screen.agreed(answer);
    // The page brings what was true when it was made; the line tells what is.
    screen.hear("snapshot", data.snapshot);
  },

  /**
   * Sends a command for a button: one at a time, and a refusal is shown, never thrown.
   * @param {string} command
   * @param {object} [data]
   * @param {import("./optimistic.js").Guess} [guess] what to show until the answer comes
   * @returns {Promise<object | null>} the answer
   */
  async act(command, data, guess) {
    return this.attempt(command, () => this.ask(command, data), guess);
  },

  /**
   * @param {string} what names what is under way
   * @param {() => Promise<object>} send
   * @param {import("./optimistic.js").Guess} [guess]
   */
  async attempt(what, send, guess) {
    if (this.busy) return null;
    this.busy = what;
    this.problem = "";
    this.imagine(guess ?? null);
    try {
      const answer = await send();
      this.agreed(answer);
      return answer;
    } catch (refusal) {
      if (refusal.code === "not_authenticated") goToLogin();
      // Locked in another window: the server says where to wait.
      if (refusal.code === "locked") location.reload();
      this.imagine(null);
      this.problem = refusal.message;
      return null;
    } finally {
      this.busy = "";
    }
  },
};

/** Moves news from the line into the component. Lives outside it: proxies hide private fields. */
class Screen {
  constructor(component) {
    this.component = component;
    this.store = new FloorStore(data.shows ?? null);
    this.overlay = new Overlay();
    this.clock = new ServerClock();
    this.line = openLine({
      digest: () => this.store.digest(),
      onEvent: (event, news) => this.hear(event, news),
    });
    setInterval(() => this.tick(), TICK);
  }

  hear(event, news) {
    if (event === "snapshot") this.catchUp(news);
    else this.take(news);
    this.component.heardAt = this.clock.now();
  }

  catchUp(snapshot) {
    this.clock.set(snapshot.server_now);
    const { transaction, transactions = transaction ? [transaction] : [], rooms } = snapshot;
    this.store.replace({ transactions, rooms });
    if (!this.component.busy) this.overlay.drop();
    this.component.me = snapshot.me ?? null;
    if (snapshot.therapists) this.component.therapists = snapshot.therapists;
    if (snapshot.cashiers) this.component.cashiers = snapshot.cashiers;
    this.count(snapshot);
    if (!this.component.loaded) this.component.opening = versionsOf(transactions);
    this.component.loaded = true;
    this.tick();
    this.show();
    this.component.caughtUp(snapshot);
  }

  take(news) {
    this.count(news);
    if (this.learn(news)) this.show();
  }

  count({ statistics, revenue_today, before, wait_minutes }) {
    const told = { revenue_today, before, wait_minutes };
    const news = Object.entries(told).filter(([, figure]) => figure !== undefined);
    const figures = { ...statistics, ...Object.fromEntries(news) };
    if (Object.keys(figures).length) this.component.figures = { ...this.component.figures, ...figures };
  }

  learn({ transaction, room }) {
    const isNews = [
      transaction && this.store.put(transaction),
      room && this.store.putRoom(room),
    ];
    return isNews.includes(true);
  }

  imagine(guess) {
    if (guess) this.overlay.show(guess);
    else this.overlay.drop();
    this.show();
  }

  agreed(answer) {
    this.overlay.agreed();
    this.learn(answer);
    this.show();
  }

  show() {
    // Frozen, as each row is: Alpine watches the list as a whole.
    this.component.rows = Object.freeze(
      this.overlay.transactions(this.store.transactions(), data.shows),
    );
    this.component.rooms = Object.freeze(this.overlay.rooms(this.store.rooms()));
  }

  tick() {
    const now = this.clock.now();
    this.component.now = now;
    this.component.lately = now - (now % LATELY);
  }
}

function versionsOf(rows) {
  return Object.fromEntries(rows.map(({ id, version }) => [id, version]));
}

function showState(state, lostAt, stale) {
  const link = Alpine.store("link");
  link.state = state;
  link.live = state === "live";
  link.since = lostAt ? timeOfDay(lostAt) : "";
  link.stale = stale;
  document.documentElement.dataset.link = state;
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
