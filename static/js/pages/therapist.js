/**
 * The therapist's desk: my customer, my room, and who waits.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { focusOnceShown } from "../lib/focus.js";
import { HoldToConfirm } from "../lib/hold_to_confirm.js";
import { floor } from "../lib/live.js";
import { finished, roomSet, started, withoutItem, withService } from "../lib/optimistic_steps.js";
import { data, formatting, say } from "../lib/page.js";
import { screenLock } from "../lib/screen_lock.js";
import { chime, unlockSound, vibrate } from "../lib/sound.js";
import { stepDialog } from "../lib/step_dialog.js";
import { minutesSince, stopwatch } from "../lib/time.js";

const FAVOURITES = "favourites";
const SOON = 5; // minutes before the end at which a treatment should come to it
const PUT_BACK_FOR = 8000;

// Outside the component: proxies hide private fields.
let finishing;
// The refs as the page's root sees them: a button that has just gone sees none any more.
let refs;

Alpine.data("therapist", () => ({
  ...floor,
  ...formatting,
  ...stepDialog,
  ...screenLock,
  /** My business day so far, while it is looked at. */
  day: null,
  therapists: [],
  categories: data.menu.categories,
  favourites: favourites(data.menu.categories, data.favourites),
  categoryId: null,
  /** How far the tap or hold on "Finish" has come. */
  finishStage: "",
  /** Who was first in the line when I asked, and was taken by somebody else meanwhile. */
  missed: "",
  /** What I have just taken out, while one tap puts it back. */
  removed: null,

  init() {
    refs = this.$refs;
    finishing = new HoldToConfirm({
      act: () => this.finish(),
      show: (stage) => (this.finishStage = stage),
    });
    addEventListener("pointerdown", unlockSound, { once: true });
    this.$watch("alert", (alert) => alert && this.alarm());
    this.$watch("isWanted", (isWanted) => isWanted && this.alarm());
    this.startSync();
    this.startInactivityTimer();
  },

  get current() {
    return this.rows.find((row) => row.therapist_id === this.me?.id) ?? null;
  },
  get waiting() {
    return this.rows.filter((row) => row.status === "pending_therapist");
  },
  get onHold() {
    return this.rows.filter((row) => row.status === "on_hold");
  },
  get others() {
    return this.rows.filter(
      (row) =>
        !["pending_therapist", "on_hold"].includes(row.status) && row.therapist_id !== this.me?.id,
    );
  },
  get next() {
    return this.waiting[0] ?? null;
  },
  get room() {
    return this.rooms.find((room) => room.number === this.me?.room_number) ?? null;
  },
  get roomIsReady() {
    return !this.room || this.room.status === "available";
  },
  /** My own room, or any where rooms are shared. */
  get hasRoom() {
    const isFree = (room) => room.status === "available";
    return this.roomIsReady || (this.me?.shared_rooms === true && this.rooms.some(isFree));
  },
  /** Rooms of others that I may call ready, where rooms are shared. */
  get toPrepare() {
    const isMine = (room) => room.number === this.me?.room_number;
    const waits = (room) => room.status === "preparing" && !isMine(room);
    return this.me?.shared_rooms ? this.rooms.filter(waits) : [];
  },
  get isCalled() {
    return this.current?.status === "therapist_confirmed";
  },
  get isServing() {
    return this.current?.status === "in_service";
  },
  get elapsed() {
    return stopwatch(this.current?.service_start_at, this.now);
  },
  get elapsedMinutes() {
    return minutesSince(this.current?.service_start_at, this.now);
  },
  get minutesLeft() {
    return (this.current?.total_duration_minutes ?? 0) - this.elapsedMinutes;
  },
  /** "soon" when five minutes are left, "over" when none is. */
  get alert() {
    if (!this.isServing || this.minutesLeft > SOON) return "";
    return this.minutesLeft > 0 ? "soon" : "over";
  },
  /** I am free, and somebody waits. */
  get isWanted() {
    return this.loaded && !this.current && this.next !== null;
  },
  get mayPutBack() {
    return this.isServing && this.removed !== null && this.now < this.removed.until;
  },
  get offered() {
    if (this.categoryId === FAVOURITES) return this.favourites;
    return this.categories.find((category) => category.id === this.categoryId)?.services ?? [];
  },

  waitOf(row) {
    return minutesSince(row.queued_at, this.coarseNow);
  },

  alarm() {
    vibrate([200, 100, 200]);
    chime();
  },

  async claim() {
    const wanted = this.next?.code ?? "";
    this.missed = "";
    const answer = await this.actUndoably("therapist_confirm_next");
    if (!answer) return;
    const { code } = answer.transaction;
    if (wanted && wanted !== code) this.missed = say("was_taken", { wanted, code });
    focusOnceShown(() => refs.current);
  },
  start() {
    const update = started(this.current, new Date(this.now).toISOString());
    return this.actUndoably("therapist_start_service", { transaction_id: this.current.id }, update);
  },
  pressFinish() {
    finishing.down();
  },
  letGoOfFinish() {
    finishing.up();
  },
  tapFinish() {
    finishing.tap();
  },
  /** Enter that is held down counts as a finger that is. */
  keyFinish(event) {
    if (event.key !== "Enter") return;
    if (event.repeat) event.preventDefault();
    else finishing.down();
  },
  finish() {
    const update = finished(this.current, this.room);
    return this.actUndoably(
      "therapist_finish_service",
      { transaction_id: this.current.id },
      update,
    );
  },
  async remove(item) {
    const choice = { transaction_id: this.current.id, item_id: item.id };
    const update = withoutItem(this.current, item.id);
    if (!(await this.act("therapist_remove_item", choice, update))) return;
    this.removed = { ...item, until: this.now + PUT_BACK_FOR };
  },
  putBack() {
    const { service_name, service_classification_id, ...offer } = this.removed;
    this.removed = null;
    return this.add({ name: service_name }, { ...offer, id: service_classification_id });
  },
  setRoom(status) {
    return this.setThat(this.room, status);
  },
  setThat(room, status) {
    const choice = { room_number: room.number, status };
    return this.act("room_set_status", choice, roomSet(room, status));
  },
  releaseHold(row) {
    return this.act("staff_release_hold", { transaction_id: row.id });
  },

  async openDay() {
    const answer = await fetch(data.day_url);
    if (!answer.ok) return;
    this.day = await answer.json();
    refs.day.showModal();
  },
  closeDay() {
    refs.day.close();
  },

  openServices() {
    this.problem = "";
    this.categoryId = this.favourites.length ? FAVOURITES : this.categories[0]?.id;
    refs.services.showModal();
  },
  closeServices() {
    refs.services.close();
  },
  add(service, offer) {
    this.closeServices();
    const choice = { transaction_id: this.current.id, service_classification_id: offer.id };
    return this.act("therapist_add_service", choice, withService(this.current, service, offer));
  },
}));

/** What this therapist does most, each as a service with one tier. */
function favourites(categories, ids) {
  const services = categories.flatMap((category) => category.services);
  const offers = services.flatMap((service) =>
    service.classifications.map((offer) => ({
      id: `favourite-${offer.id}`,
      name: service.name,
      classifications: [offer],
    })),
  );
  return ids
    .map((id) => offers.find(({ classifications: [offer] }) => offer.id === id))
    .filter((offer) => offer !== undefined);
}

Alpine.start();
