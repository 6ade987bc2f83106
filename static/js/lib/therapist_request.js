/**
 * The question whom a customer would like: a therapist, a woman, a man, or anyone.
 */

import { formatting, say } from "./page.js";

/**
 * What an order says about it. Methods, because a getter is lost where a component spreads these.
 * @typedef {Pick<Wire.Selection, "requested_therapist_id" | "preference">} RequestData
 */

const ANYONE = "";
/** The address that was read last: an answer about an order that has changed since is dropped. */
let latest = "";
const HOUR = 60;

/** The part of a component; `choices` is null until they have been read. */
export const therapistRequest = {
  choices: /** @type {Wire.RequestChoices | null} */ (null),
  /** The skills of the order that the choices were read for. */
  choicesAreFor: "",
  /** The chosen option: empty for anyone, `woman`, `man`, or the key of a therapist. */
  asked: ANYONE,
  /** Whether somebody else will do when the therapist is not free in time. */
  elseAnyone: true,

  /** @returns {boolean} */
  hasChoices() {
    return this.therapistChoices().length + this.genderChoices().length > 0;
  },
  /** @returns {Wire.GenderChoice[]} */
  genderChoices() {
    return this.choices?.genders ?? [];
  },
  /** @returns {Wire.TherapistChoice[]} */
  therapistChoices() {
    return this.choices?.therapists ?? [];
  },
  /** @returns {boolean} */
  asksForOne() {
    return /^\d+$/.test(this.asked);
  },
  /** @returns {string} */
  elseWords() {
    return say("else_anyone", { minutes: this.choices?.minutes ?? 0 });
  },

  /** @returns {string} what the order needs, while nobody who is here can do it */
  skillsNobodyHas() {
    return (this.choices?.missing_skills ?? []).join(", ");
  },

  /**
   * @param {readonly { id: number, skill: string | null }[]} items of the order
   * @param {string} [branch] of a page for visitors; staff have their own
   */
  async readChoices(items, branch) {
    const query = new URLSearchParams(branch ? { branch } : {});
    // Only what needs a skill makes a difference.
    for (const { id, skill } of items) if (skill !== null) query.append("item", String(id));
    const address = `/api/therapists/?${query}`;
    latest = address;
    this.choicesAreFor = skillsOf(items);
    const answer = await fetch(address).catch(() => null);
    if (!answer?.ok || latest !== address) return;
    this.choices = /** @type {Wire.RequestChoices} */ (await answer.json());
    // Who has left meanwhile can no longer be asked for.
    if (!this.options().includes(this.asked)) this.askForNobody();
  },
  /**
   * Read the choices again when a treatment that needs a skill has come or gone.
   * @param {readonly { id: number, skill: string | null }[]} items
   * @param {string} [branch]
   */
  followItems(items, branch) {
    const needed = skillsOf(items);
    if (this.choices && needed !== this.choicesAreFor) this.readChoices(items, branch);
  },
  /** @returns {string[]} */
  options() {
    const genders = this.genderChoices().map(({ preference }) => preference);
    return [ANYONE, ...genders, ...this.therapistChoices().map(({ id }) => String(id))];
  },
  askForNobody() {
    this.asked = ANYONE;
    this.elseAnyone = true;
  },
  /**
   * @param {{ wait_minutes: [number, number] | null }} choice
   * @param {string} name
   * @returns {string}
   */
  choiceWords({ wait_minutes: wait }, name) {
    if (!wait) return name;
    const [low, high] = wait;
    const { length } = formatting;
    const range =
      high < HOUR
        ? say("minutes", { minutes: `${low}–${high}` })
        : `${length(low)}–${length(high)}`;
    return `${name} · ${range}`;
  },
  /** @param {Wire.GenderChoice} choice */
  genderWords(choice) {
    return this.choiceWords(choice, say(`gender.${choice.preference}`));
  },
  /** @returns {string} */
  anyoneWords() {
    return this.choices ? this.choiceWords(this.choices, say("anyone")) : say("anyone");
  },
  /** @returns {RequestData} */
  requestData() {
    if (!this.hasChoices() || this.asked === ANYONE) return {};
    if (!this.asksForOne()) return { preference: this.asked };
    const asked = { requested_therapist_id: Number(this.asked) };
    return this.elseAnyone ? { ...asked, preference: "anyone" } : asked;
  },
};

/**
 * @param {readonly { skill: string | null }[]} items
 * @returns {string}
 */
function skillsOf(items) {
  const needed = new Set(items.map(({ skill }) => skill).filter((skill) => skill !== null));
  return [...needed].sort().join(", ");
}
