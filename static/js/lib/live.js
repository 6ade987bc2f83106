/**
 * Keeps a page's component in step with the floor, and its status chip with the line.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { data, timeOfDay, words } from "./page.js";
import { LiveSocket } from "./socket.js";
import { FloorStore } from "./store.js";
import { ServerClock } from "./time.js";

const TICK = 1000;

Alpine.store("link", { state: "connecting", since: "", live: false, stale: false });

/**
 * The page's line to the server.
 * @param {Partial<import("./socket.js").LineOptions>} options
 * @returns {LiveSocket}
 */
export function openLine(options) {
  const line = new LiveSocket({
    url: socketUrl(data.socket),
    lostWords: words.connection_lost,
    onState: showState,
    onLogin: goToLogin,
    ...options,
  });
  addEventListener("online", () => line.hurry());
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
  now: Date.now(),
  loaded: false,
  /** Versions as they were when the page opened: what differs is news and may shine. */
  opening: {},
  busy: "",
  problem: "",
  ask: null,
  insist: null,
  take: null,

  isNews(row) {
    return this.opening[row.id] !== row.version;
  },

  /** Called after each snapshot; a component may bring its own. */
  caughtUp() {},

  follow() {
    const screen = new Screen(this);
    this.ask = (command, data) => screen.line.ask(command, data);
    this.insist = (command, data) => screen.line.insist(command, data);
    this.take = (answer) => screen.take(answer);
  },

  /**
   * Sends a command for a button: one at a time, and a refusal is shown, never thrown.
   * @param {string} command
   * @param {object} [data]
   * @returns {Promise<object | null>} the answer
   */
  async act(command, data) {
    return this.attempt(command, () => this.ask(command, data));
  },

  /**
   * @param {string} what names what is under way
   * @param {() => Promise<object>} send
   */
  async attempt(what, send) {
    if (this.busy) return null;
    this.busy = what;
    this.problem = "";
    try {
      const answer = await send();
      this.take(answer);
      return answer;
    } catch (refusal) {
      if (refusal.code === "not_authenticated") goToLogin();
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
  }

  catchUp(snapshot) {
    this.clock.set(snapshot.server_now);
    const { transaction, transactions = transaction ? [transaction] : [], rooms } = snapshot;
    this.store.replace({ transactions, rooms });
    this.component.me = snapshot.me ?? null;
    if (!this.component.loaded) this.component.opening = versionsOf(transactions);
    this.component.loaded = true;
    this.show();
    this.component.caughtUp();
  }

  take({ transaction, room }) {
    const isNews = [
      transaction && this.store.put(transaction),
      room && this.store.putRoom(room),
    ];
    if (isNews.includes(true)) this.show();
  }

  show() {
    this.component.rows = this.store.transactions();
    this.component.rooms = this.store.rooms();
    this.tick();
  }

  tick() {
    this.component.now = this.clock.now();
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

function socketUrl(path) {
  const url = new URL(path, location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
