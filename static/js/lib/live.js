/**
 * Keep a page's component in step with the floor.
 */

import { component } from "./component.js";
import { connectLive, goToLogin } from "./connection.js";
import { isAble } from "./lanes.js";
import { OptimisticState } from "./optimistic.js";
import { pageData } from "./page.js";
import { codeOf } from "./refusal.js";
import { showBranch, showPerson } from "./setup.js";
import { FloorStore, listOf } from "./store.js";
import { ServerClock } from "./time.js";

const TICK_MS = 1000;
const COARSE_TICK_MS = 10_000;
const SETUP_RETRY_MS = 5_000;
/** Time to read a short line. */
const HINT_MS = 5000;
/** @type {Set<string | null | undefined>} */
const ANSWERS = new Set(["queue_empty", "not_your_turn"]);

/**
 * @typedef {import("./optimistic.js").OptimisticUpdate} OptimisticUpdate
 * @typedef {Partial<Wire.TicketDigest & Wire.MonitorDigest & Wire.Takings>} Figures
 * @typedef {Partial<Wire.TherapistSnapshot & Wire.MonitorSnapshot & Wire.CashierSnapshot
 *   & Wire.TicketSnapshot>} Snapshot what one of the pages is shown
 * @typedef {Figures & { transaction?: Wire.TransactionData, room?: Wire.RoomData,
 *   therapist?: Wire.TherapistData, rotation?: Wire.RotationData | null }} FloorEvent
 * @typedef {Wire.TherapistSelf | Wire.CashierSelf} Self
 * @typedef {Partial<Wire.Statistics & Wire.Takings & Wire.Place>} ShownFigures
 * @typedef {typeof floor} Floor
 */

/** @type {Wire.LivePage & { snapshot: Snapshot }} */
const data = pageData();

/**
 * What a screen of the floor has in common: its rows, rooms and clock, and how it acts.
 * A component takes these with `...floor` and calls `this.startSync()` when it starts.
 */
export const floor = component({
  rows: /** @type {readonly Wire.TransactionData[]} */ ([]),
  rooms: /** @type {readonly Wire.RoomData[]} */ ([]),
  me: /** @type {Self | null} */ (null),
  therapists: /** @type {readonly Wire.TherapistData[]} */ ([]),
  /** The order of the therapists' turns, null without a strict rotation. */
  rotation: /** @type {Readonly<Wire.RotationData> | null} */ (null),
  cashiers: /** @type {Wire.CashierData[]} */ ([]),
  /** Who has which skill; a part of the setup. */
  skills: /** @type {readonly Wire.SkillData[]} */ ([]),
  /** Counts by the server, which do not follow from the rows. */
  figures: /** @type {ShownFigures | null} */ (null),
  now: Date.now(),
  /** The clock for minutes; updating many rows every second would be slow. */
  coarseNow: Date.now(),
  /** Time of the last message from the server. */
  heardAt: Date.now(),
  loaded: false,
  /** Versions as they were when the page opened: a row with another version is highlighted. */
  opening: /** @type {Record<number, number>} */ ({}),
  /** The name of the command that is in progress, or empty. */
  busy: "",
  problem: "",
  /** The command that the problem is about, so that each form shows its own. */
  problemOf: "",
  /** A line that needs no answer, and goes by itself. */
  hint: "",
  /** The component's link to the server; a function, since proxies hide private fields. */
  sync: /** @type {() => FloorSync} */ (
    () => {
      throw new Error("The page has not started yet");
    }
  ),

  /** @param {{ id: number, version: number }} row */
  isNews(row) {
    return this.opening[row.id] !== row.version;
  },

  /**
   * The skills that a waiting customer needs, while nobody who is here has all of them.
   * @param {Wire.TransactionData} row
   * @returns {string}
   */
  missingSkills(row) {
    const present = this.therapists.filter(({ presence }) => presence !== "off_duty");
    const isSomebodyAble = present.some(({ id }) => isAble(id, row.skills, this.skills));
    return row.skills.length === 0 || isSomebodyAble ? "" : row.skills.join(", ");
  },

  /**
   * Whether a button must wait: without a connection, or while another command is under way.
   * @returns {boolean}
   */
  cannotAct() {
    return !this.$store.connection.live || this.busy !== "";
  },

  /**
   * Called with each snapshot; a component may bring its own.
   * @param {Snapshot} _snapshot
   */
  onSnapshot(_snapshot) {},

  /**
   * Called when a manager has changed the setup; a component with a menu reads it again.
   * @returns {Promise<boolean>} whether it could
   */
  async onSetup() {
    return true;
  },

  /**
   * Called with each news of a visit, shown here or not; a component may bring its own.
   * @param {Wire.TransactionData} _transaction
   */
  onTransaction(_transaction) {},

  startSync() {
    const sync = new FloorSync(this);
    this.sync = () => sync;
    // The page has the state of its rendering; the connection brings the current one.
    sync.receive("snapshot", data.snapshot);
  },

  /**
   * Send a command for a button: one at a time, and a refusal is shown, never thrown.
   * @template {keyof Wire.Commands} Name
   * @param {Name} command
   * @param {Wire.Commands[Name]["data"]} data
   * @param {OptimisticUpdate} [update] what to show until the answer comes
   * @returns {Promise<Wire.Commands[Name]["reply"] | null>} the answer
   */
  async act(command, data, update) {
    return this.attempt(command, () => this.sync().socket.request(command, data), update);
  },

  /**
   * Send a command until it is answered, over as many connections as that takes.
   * @template {keyof Wire.Commands} Name
   * @param {Name} command
   * @param {Wire.Commands[Name]["data"]} data
   * @returns {Promise<Wire.Commands[Name]["reply"]>}
   */
  requestUntilAnswered(command, data) {
    return this.sync().socket.requestUntilAnswered(command, data);
  },

  /**
   * @template {FloorEvent} Answer
   * @param {string} what the name to show as in progress
   * @param {() => Promise<Answer>} send
   * @param {OptimisticUpdate} [update]
   * @returns {Promise<Answer | null>}
   */
  async attempt(what, send, update) {
    if (this.busy) return null;
    this.busy = what;
    this.problem = this.hint = "";
    this.problemOf = what;
    this.sync().showOptimistically(update ?? null);
    try {
      const answer = await send();
      this.sync().reconcile(answer);
      return answer;
    } catch (refusal) {
      this.refused(refusal);
      return null;
    } finally {
      this.busy = "";
    }
  },

  /** @param {unknown} refusal */
  refused(refusal) {
    if (codeOf(refusal) === "not_authenticated") goToLogin();
    // Locked in another window: the server names the page to go to.
    if (codeOf(refusal) === "locked") location.reload();
    this.sync().showOptimistically(null);
    const words = refusal instanceof Error ? refusal.message : String(refusal);
    // That nobody waits, or that it is somebody else's turn, is an answer, no problem.
    if (ANSWERS.has(codeOf(refusal))) this.showHint(words);
    else this.problem = words;
  },

  /** @param {string} words */
  showHint(words) {
    this.hint = words;
    setTimeout(() => {
      if (this.hint === words) this.hint = "";
    }, HINT_MS);
  },
});

/** Move events from the connection into the component. Outside it: proxies hide private fields. */
class FloorSync {
  /** @param {Floor} component */
  constructor(component) {
    this.component = component;
    this.store = new FloorStore(data.shows ?? null);
    this.optimistic = new OptimisticState();
    this.clock = new ServerClock();
    this.socket = connectLive({
      digest: () => this.store.digest(),
      onEvent: (event, news) => this.receive(event, news),
    });
    setInterval(() => this.tick(), TICK_MS);
  }

  /**
   * @param {Wire.EventName} event
   * @param {Snapshot | FloorEvent} news
   */
  receive(event, news) {
    if (event === "snapshot") this.takeSnapshot(/** @type {Snapshot} */ (news));
    else this.takeEvent(/** @type {FloorEvent} */ (news));
    this.component.heardAt = this.clock.now();
  }

  /** @param {Snapshot} snapshot */
  takeSnapshot(snapshot) {
    this.clock.set(snapshot.server_now);
    const { transaction, transactions = transaction ? [transaction] : [] } = snapshot;
    const { rooms, therapists, setup, rotation } = snapshot;
    const isChanged = this.store.setup !== snapshot.setup;
    this.store.replace({ transactions, rooms, therapists, setup, rotation });
    if (!this.component.busy) this.optimistic.drop();
    this.component.me = snapshot.me ?? null;
    if (snapshot.cashiers) this.component.cashiers = snapshot.cashiers;
    if (snapshot.skills) this.component.skills = snapshot.skills;
    this.count(snapshot);
    if (!this.component.loaded) this.component.opening = versionsOf(transactions);
    this.tick();
    this.show();
    if (snapshot.branch) showBranch(snapshot.branch);
    if (snapshot.me) showPerson(snapshot.me);
    if (isChanged && this.component.loaded) this.followSetup();
    this.component.loaded = true;
    this.component.onSnapshot(snapshot);
  }

  async followSetup() {
    if (!(await this.component.onSetup())) setTimeout(() => this.followSetup(), SETUP_RETRY_MS);
  }

  /** @param {FloorEvent} news */
  takeEvent(news) {
    this.count(news);
    if (news.transaction) this.component.onTransaction(news.transaction);
    if (this.learn(news)) this.show();
  }

  /** @param {Figures} news */
  count({ statistics, revenue_today, before, wait_minutes }) {
    const told = { revenue_today, before, wait_minutes };
    const news = Object.entries(told).filter(([, figure]) => figure !== undefined);
    const figures = { ...statistics, ...Object.fromEntries(news) };
    if (Object.keys(figures).length) {
      this.component.figures = { ...this.component.figures, ...figures };
    }
  }

  /** @param {FloorEvent} news */
  learn({ transaction, room, therapist, rotation }) {
    const isNews = [
      transaction && this.store.put(transaction),
      room && this.store.putRoom(room),
      therapist && this.store.putTherapist(therapist),
      rotation && this.store.putRotation(rotation),
    ];
    return isNews.includes(true);
  }

  /** @param {OptimisticUpdate | null} update */
  showOptimistically(update) {
    if (update) this.optimistic.show(update);
    else this.optimistic.drop();
    this.show();
  }

  /** @param {FloorEvent} answer */
  reconcile(answer) {
    this.optimistic.confirm();
    this.learn(answer);
    this.show();
  }

  show() {
    const { component, optimistic, store } = this;
    const rows = optimistic.transactions(store.transactions(), data.shows);
    component.rows = listOf(rows, component.rows);
    component.rooms = listOf(optimistic.rooms(store.rooms()), component.rooms);
    component.therapists = listOf(store.therapists(), component.therapists);
    component.rotation = store.rotation && Object.freeze(store.rotation);
  }

  tick() {
    const now = this.clock.now();
    this.component.now = now;
    this.component.coarseNow = now - (now % COARSE_TICK_MS);
  }
}

/** @param {readonly { id: number, version: number }[]} rows */
function versionsOf(rows) {
  return Object.fromEntries(rows.map(({ id, version }) => [id, version]));
}
