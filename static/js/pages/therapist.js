/**
 * The therapist's desk: my customer, my room, and who waits.
 */

import Alpine from "../../vendor/alpine-csp.esm.min.js";
import { focusOnceShown } from "../lib/focus.js";
import { finished, roomSet, started, withoutItem, withService } from "../lib/guesses.js";
import { floor } from "../lib/live.js";
import { data, speech } from "../lib/page.js";
import { minutesSince, stopwatch } from "../lib/time.js";
import { ways } from "../lib/ways.js";

// The refs as the page's root sees them: a button that has just gone sees none any more.
let refs;

Alpine.data("therapist", () => ({
  ...floor,
  ...speech,
  ...ways,
  /** My business day so far, while it is looked at. */
  day: null,
  therapists: [],
  categories: data.menu.categories,
  categoryId: data.menu.categories[0]?.id,

  init() {
    refs = this.$refs;
    this.follow();
  },

  get current() {
    return this.rows.find((row) => row.therapist_id === this.me?.id) ?? null;
  },
  get waiting() {
    return this.rows.filter((row) => row.status === "pending_therapist");
  },
  get held() {
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
  get offered() {
    return this.categories.find((category) => category.id === this.categoryId)?.services ?? [];
  },

  waitOf(row) {
    return minutesSince(row.queued_at, this.now);
  },

  async claim() {
    if (await this.step("therapist_confirm_next")) {
      focusOnceShown(() => refs.current);
    }
  },
  start() {
    const guess = started(this.current, new Date(this.now).toISOString());
    return this.step("therapist_start_service", { transaction_id: this.current.id }, guess);
  },
  finish() {
    const guess = finished(this.current, this.room);
    return this.step("therapist_finish_service", { transaction_id: this.current.id }, guess);
  },
  remove(item) {
    const choice = { transaction_id: this.current.id, item_id: item.id };
    return this.act("therapist_remove_item", choice, withoutItem(this.current, item.id));
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

Alpine.start();
