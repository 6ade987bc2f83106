/**
 * The therapist's desk: my customer, my room, and who waits.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { component } from "../lib/component.js";
import { answersOf, isUnanswered, latestAnswer } from "../lib/consent.js";
import { focusOnceShown } from "../lib/focus.js";
import { HoldToConfirm } from "../lib/hold_to_confirm.js";
import { callableBy, isAble, waitsForOne } from "../lib/lanes.js";
import { floor } from "../lib/live.js";
import { fetchMenu, isMenuOutdated } from "../lib/menu.js";
import { finished, roomSet, started, withoutItem, withService } from "../lib/optimistic_steps.js";
import { formatting, pageData, say } from "../lib/page.js";
import { presence } from "../lib/presence.js";
import { rotation } from "../lib/rotation.js";
import { screenLock } from "../lib/screen_lock.js";
import { chime, unlockSound, vibrate } from "../lib/sound.js";
import { inGroup } from "../lib/statistics.js";
import { stepDialog } from "../lib/step_dialog.js";
import { local } from "../lib/storage.js";
import { storedValue } from "../lib/stored_value.js";
import { minutesSince, stopwatch } from "../lib/time.js";
import { noteView } from "../lib/visit_note.js";

/** @type {Wire.TherapistPage} */
const data = pageData();

const FAVOURITES = "favourites";
/** Minutes before the end of a treatment at which the timer is highlighted. */
const SOON_MINUTES = 5;
const RESTORE_WITHIN_MS = 8000;
/** @type {import("../lib/stored_value.js").StoredValue<boolean>} */
const isSilent = storedValue(local, "therapist.silent");
const TITLE = document.title;

/**
 * @typedef {Pick<Wire.ServiceData, "name" | "skill" | "classifications">
 *   & { id: number | string }} Offered
 */

// Outside the component: proxies hide private fields.
/** @type {HoldToConfirm} */
let finishing;
// The refs as the page's root sees them: a button that has just gone sees none any more.
/** @type {{ current: HTMLElement, day: HTMLDialogElement, services: HTMLDialogElement }} */
let refs;

Alpine.data("therapist", () =>
  component({
    ...floor,
    ...formatting,
    ...stepDialog,
    ...presence,
    ...rotation,
    ...noteView,
    ...screenLock,
    /** My business day so far, while it is looked at. */
    day: /** @type {Wire.TherapistDayNow | null} */ (null),
    me: /** @type {Wire.TherapistSelf | null} */ (null),
    categories: data.menu.categories,
    favourites: favourites(data.menu.categories, data.favourites),
    categoryId: /** @type {number | typeof FAVOURITES | undefined} */ (undefined),
    hasSound: isSilent.get() !== true,
    /** How far the tap or hold on "Finish" has come. */
    finishStage: /** @type {import("../lib/hold_to_confirm.js").Stage} */ (""),
    /** The customer who was first in the queue and whom another therapist claimed meanwhile. */
    missed: "",
    /** What the customer has just answered about a treatment, in words for screen readers. */
    heard: "",
    /** The item that was just removed, while it can be restored. */
    removed: /** @type {(Wire.ItemData & { until: number }) | null} */ (null),

    init() {
      refs = /** @type {typeof refs} */ (this.$refs);
      finishing = new HoldToConfirm({
        act: () => this.finish(),
        show: (stage) => {
          this.finishStage = stage;
        },
      });
      addEventListener("pointerdown", unlockSound, { once: true });
      // Seen on a tab or a task bar, while another page is in front.
      this.$watch("waitingCount", (count) => {
        document.title = count ? `(${count}) ${TITLE}` : TITLE;
      });
      this.$watch("alert", (alert) => {
        if (alert) this.alarm();
      });
      this.$watch("isWanted", (isWanted) => {
        if (isWanted) this.alarm();
      });
      this.$watch("noteOf", () => this.showNote());
      this.$watch("answers", (now, before) => this.hearAnswer(now, before));
      this.startSync();
      this.showNote();
      this.startInactivityTimer();
    },

    /** @returns {Wire.TransactionData | null} */
    get current() {
      return this.rows.find((row) => row.therapist_id === this.me?.id) ?? null;
    },
    /**
     * Everyone who waits, on hold or not, as all screens count them.
     * @returns {Wire.TransactionData[]}
     */
    get waiting() {
      return inGroup(this.rows, data.groups.waiting);
    },
    /** @returns {number} the key of my customer if they left a note, else 0 */
    get noteOf() {
      return this.noteKey(this.current);
    },
    /** @returns {string} what the customer has answered so far, see `answersOf` */
    get answers() {
      return this.current ? answersOf(this.current) : "";
    },
    /** @returns {Wire.TherapistData | null} */
    get mine() {
      return this.therapists.find(({ id }) => id === this.me?.id) ?? null;
    },
    /** @returns {Wire.TransactionData[]} */
    get line() {
      return this.rows.filter((row) => row.status === "pending_therapist");
    },
    /**
     * Those I may call, in the order in which I get them.
     * @returns {Wire.TransactionData[]}
     */
    get callable() {
      return callableBy(this.line, this.me, this.skills);
    },
    /** @returns {Wire.TransactionData[]} */
    get onHold() {
      return this.rows.filter((row) => row.status === "on_hold");
    },
    /** @returns {Wire.TransactionData[]} */
    get others() {
      const treated = inGroup(this.rows, data.groups.with_therapist);
      return treated.filter((row) => row.therapist_id !== this.me?.id);
    },
    /** @returns {number} */
    get waitingCount() {
      return this.waiting.length;
    },
    /** @returns {Wire.TransactionData | null} */
    get next() {
      return this.callable[0] ?? null;
    },
    /** @returns {Wire.RoomData | null} */
    get room() {
      return this.rooms.find((room) => room.number === this.me?.room_number) ?? null;
    },
    /** @returns {boolean} */
    get roomIsReady() {
      return !this.room || this.room.status === "available";
    },
    /**
     * The visit of a colleague in my own room, after a hand-over.
     * @returns {Wire.TransactionData | null}
     */
    get guest() {
      const { me, rows } = this;
      if (!me?.room_number) return null;
      const treated = inGroup(rows, data.groups.with_therapist);
      const inMyRoom = treated.filter((row) => row.room_number === me.room_number);
      return inMyRoom.find((row) => row.therapist_id !== me.id) ?? null;
    },
    /**
     * The room I take instead while a colleague works in mine: theirs.
     * @returns {Wire.RoomData | null}
     */
    get theirRoom() {
      const colleague = this.therapists.find(({ id }) => id === this.guest?.therapist_id);
      return this.rooms.find(({ number }) => number === colleague?.room_number) ?? null;
    },
    /** @returns {Wire.RoomData | null} */
    get standIn() {
      return this.theirRoom?.status === "available" ? this.theirRoom : null;
    },
    /**
     * My own room or the one I take instead, or any where rooms are shared.
     * @returns {boolean}
     */
    get hasRoom() {
      const isFree = (/** @type {Wire.RoomData} */ room) => room.status === "available";
      if (this.roomIsReady || this.standIn) return true;
      return this.me?.shared_rooms === true && this.rooms.some(isFree);
    },
    /**
     * Rooms of others that I may call ready: where rooms are shared, or one exchanged for mine.
     * @returns {Wire.RoomData[]}
     */
    get roomsToPrepare() {
      if (this.theirRoom?.status === "preparing") return [this.theirRoom];
      if (!this.me?.shared_rooms) return [];
      const mine = this.me.room_number;
      return this.rooms.filter(({ number, status }) => status === "preparing" && number !== mine);
    },
    /** @returns {boolean} */
    get isCalled() {
      return this.current?.status === "therapist_confirmed";
    },
    /** @returns {boolean} */
    get isServing() {
      return this.current?.status === "in_service";
    },
    /** @returns {string} */
    get elapsed() {
      return stopwatch(this.current?.service_start_at, this.now);
    },
    /** @returns {number} */
    get elapsedMinutes() {
      return minutesSince(this.current?.service_start_at, this.now);
    },
    /** @returns {number} */
    get minutesLeft() {
      return (this.current?.total_duration_minutes ?? 0) - this.elapsedMinutes;
    },
    /**
     * "soon" when five minutes are left, "over" when none is.
     * @returns {"" | "soon" | "over"}
     */
    get alert() {
      if (!this.isServing || this.minutesLeft > SOON_MINUTES) return "";
      return this.minutesLeft > 0 ? "soon" : "over";
    },
    /**
     * I am free and not on a break, and somebody waits.
     * @returns {boolean}
     */
    get isWanted() {
      const isOnBreak = this.mine?.presence === "on_break";
      return this.loaded && !this.current && !isOnBreak && this.next !== null && this.canCall;
    },
    /**
     * It is my turn, or nobody's: without a rotation, or for a customer who asked for me.
     * @returns {boolean}
     */
    get canCall() {
      if (!this.rotation || !this.me || !this.next) return true;
      return waitsForOne(this.next) || this.isNextInTurn(this.me.id);
    },
    /** @returns {boolean} */
    get canRestoreItem() {
      return this.isServing && this.removed !== null && this.now < this.removed.until;
    },
    /**
     * The add sheet's tabs, add-ons first: what goes with a treatment is added during it.
     * @returns {{ id: number | typeof FAVOURITES, name: string }[]}
     */
    get tabs() {
      const isAddOn = (/** @type {Wire.CategoryData} */ { add_ons }) => add_ons;
      const addOns = this.categories.filter(isAddOn);
      const others = this.categories.filter((category) => !isAddOn(category));
      const frequent = /** @type {const} */ ({ id: FAVOURITES, name: say("frequent") });
      return [...addOns, ...(this.favourites.length ? [frequent] : []), ...others];
    },
    /** @returns {readonly Offered[]} of the chosen tab, those that I have no skill for last */
    get offered() {
      const chosen = this.categories.find((category) => category.id === this.categoryId)?.services;
      const services = this.categoryId === FAVOURITES ? this.favourites : (chosen ?? []);
      return [
        ...services.filter((service) => this.canGive(service)),
        ...services.filter((service) => !this.canGive(service)),
      ];
    },
    /**
     * @param {Offered} service
     * @returns {boolean}
     */
    canGive({ skill }) {
      return skill === null || isAble(this.me?.id, [skill], this.skills);
    },

    /**
     * @param {Wire.TransactionData} row
     * @returns {number}
     */
    waitOf(row) {
      return minutesSince(row.queued_at, this.coarseNow);
    },

    async clockIn() {
      await this.act("therapist_clock_in", {});
    },
    async takeBreak() {
      await this.act("therapist_break", {});
    },
    async clockOut() {
      await this.act("therapist_clock_out", {});
    },

    alarm() {
      vibrate([200, 100, 200]);
      if (this.hasSound) chime();
    },
    async switchSound() {
      this.hasSound = !this.hasSound;
      isSilent.set(!this.hasSound);
      if (this.hasSound && (await unlockSound())) chime();
    },

    async claim() {
      const wanted = this.next?.code ?? "";
      this.missed = "";
      const answer = await this.actUndoably("therapist_confirm_next", {});
      if (!answer) return;
      const { code } = answer.transaction;
      if (wanted && wanted !== code) this.missed = say("was_taken", { wanted, code });
      focusOnceShown(() => refs.current);
    },
    async showNote() {
      const of = this.noteOf;
      this.note = null;
      if (!of) return;
      const choice = { transaction_id: of };
      const answer = await this.requestUntilAnswered("therapist_show_note", choice).catch(
        () => null,
      );
      // Another customer may be here by now.
      if (answer && this.noteOf === of) this.note = { ...answer.note, of };
    },
    async readNote() {
      if (!this.current) return;
      await this.act("therapist_read_note", { transaction_id: this.current.id });
      focusOnceShown(() => refs.current);
    },
    /**
     * Say what the customer has just answered on their ticket.
     * @param {string} now
     * @param {string} before
     */
    hearAnswer(now, before) {
      const answer = this.current && latestAnswer(this.current, now, before);
      this.heard = answer ? say(`answer.${answer.consent}`, { service: answer.service_name }) : "";
      if (answer) this.alarm();
    },
    /** @param {Wire.ItemData} item */
    async agree(item) {
      if (!this.current) return;
      const choice = { transaction_id: this.current.id, item_id: item.id };
      await this.act("therapist_agree_item", choice);
      focusOnceShown(() => refs.current);
    },
    async recall() {
      if (this.current) await this.act("therapist_recall", { transaction_id: this.current.id });
    },
    async start() {
      if (!this.current) return;
      const update = started(this.current, new Date(this.now).toISOString());
      const choice = { transaction_id: this.current.id };
      await this.actUndoably("therapist_start_service", choice, update);
    },
    pressFinish() {
      finishing.down();
    },
    releaseFinish() {
      finishing.up();
    },
    tapFinish() {
      finishing.tap();
    },
    /**
     * Holding Enter counts as holding the button.
     * @param {KeyboardEvent} event
     */
    keyFinish(event) {
      if (event.key !== "Enter") return;
      if (event.repeat) event.preventDefault();
      else finishing.down();
    },
    async finish() {
      if (!this.current) return;
      const { room_number } = this.current;
      const room = this.rooms.find(({ number }) => number === room_number) ?? null;
      // With an unanswered treatment the server refuses, so nothing is shown beforehand.
      const update = isUnanswered(this.current) ? undefined : finished(this.current, room);
      const choice = { transaction_id: this.current.id };
      await this.actUndoably("therapist_finish_service", choice, update);
    },
    /** @param {Wire.ItemData} item */
    async remove(item) {
      if (!this.current) return;
      const choice = { transaction_id: this.current.id, item_id: item.id };
      const update = withoutItem(this.current, item.id);
      if (!(await this.act("therapist_remove_item", choice, update))) return;
      this.removed = { ...item, until: this.now + RESTORE_WITHIN_MS };
    },
    async restoreItem() {
      if (!this.removed) return;
      const { service_name, service_classification_id, ...offer } = this.removed;
      this.removed = null;
      await this.add({ name: service_name }, { ...offer, id: service_classification_id });
    },
    /** @param {"available" | "preparing" | "out_of_service"} status */
    async setRoom(status) {
      if (this.room) await this.setRoomStatus(this.room, status);
    },
    /**
     * @param {Wire.RoomData} room
     * @param {"available" | "preparing" | "out_of_service"} status
     */
    async setRoomStatus(room, status) {
      const choice = { room_number: room.number, status };
      await this.act("room_set_status", choice, roomSet(room, status));
    },
    /** @param {Wire.TransactionData} row */
    async releaseHold(row) {
      await this.act("staff_release_hold", { transaction_id: row.id });
    },

    async openDay() {
      const answer = await fetch(data.day_url);
      if (!answer.ok) return;
      this.day = await answer.json();
      refs.day.showModal();
    },
    /** @param {Wire.TherapistDayNow} day */
    ageOf(day) {
      return say("behind", { seconds: day.seconds_behind });
    },
    closeDay() {
      refs.day.close();
    },

    openServices() {
      this.problem = "";
      this.categoryId = this.tabs[0]?.id;
      refs.services.showModal();
    },
    closeServices() {
      refs.services.close();
    },
    /**
     * @param {{ name: string }} service
     * @param {Wire.ClassificationData} offer
     */
    async add(service, offer) {
      this.closeServices();
      if (!this.current) return;
      const choice = {
        transaction_id: this.current.id,
        service_classification_id: offer.id,
        expected_price: offer.price,
      };
      await this.attempt(
        "therapist_add_service",
        () =>
          this.sync()
            .socket.request("therapist_add_service", choice)
            .catch((refusal) => this.offerAgain(refusal)),
        withService(this.current, service, offer),
      );
    },
    /**
     * The sheet opens again with the menu as it is now, and with the refusal.
     * @param {unknown} refusal
     * @returns {Promise<never>}
     */
    async offerAgain(refusal) {
      if (isMenuOutdated(refusal) && (await this.readMenu())) {
        this.categoryId ??= this.categories[0]?.id;
        if (!refs.services.open) refs.services.showModal();
      }
      throw refusal;
    },
    /** @returns {Promise<boolean>} whether the menu is known as it is now */
    async readMenu() {
      const menu = await fetchMenu();
      if (!menu) return false;
      this.categories = menu.categories;
      this.favourites = favourites(menu.categories, data.favourites);
      const isThere = this.categories.some(({ id }) => id === this.categoryId);
      if (typeof this.categoryId === "number" && !isThere) this.categoryId = this.categories[0]?.id;
      return true;
    },
    onSetup() {
      return this.readMenu();
    },
  }),
);

/**
 * What this therapist does most, each as a service with one tier.
 * @param {readonly Wire.CategoryData[]} categories
 * @param {readonly number[]} ids of service classifications
 * @returns {Offered[]}
 */
function favourites(categories, ids) {
  const services = categories.flatMap((category) => category.services);
  const offers = services.flatMap((service) =>
    service.classifications.map((offer) => ({
      id: `favourite-${offer.id}`,
      name: service.name,
      skill: service.skill,
      classifications: [offer],
    })),
  );
  return ids
    .map((id) => offers.find(({ classifications: [offer] }) => offer?.id === id))
    .filter((offer) => offer !== undefined);
}

Alpine.start();
