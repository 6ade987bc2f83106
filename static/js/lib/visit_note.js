/**
 * The note that an order leaves for the therapist, and the therapist's view of it.
 */

/** The part of a component that takes orders; it sets `offeredMarks` from the menu. */
export const noteForm = {
  offeredMarks: /** @type {readonly Wire.NoteMarkData[]} */ ([]),
  noteText: "",
  noteMarks: /** @type {string[]} */ ([]),

  /** @param {Wire.MenuData} menu */
  offerMarks(menu) {
    this.offeredMarks = menu.note_marks;
    const codes = menu.note_marks.map(({ code }) => code);
    this.noteMarks = this.noteMarks.filter((code) => codes.includes(code));
  },
  /** @returns {boolean} */
  hasMarks() {
    return this.offeredMarks.length > 0;
  },
  /** @returns {Pick<Wire.Selection, "note" | "marks">} nothing for an order without a note */
  noteData() {
    const note = this.noteText.trim();
    return {
      ...(note && { note }),
      ...(this.noteMarks.length > 0 && { marks: [...this.noteMarks] }),
    };
  },
  clearNote() {
    this.noteText = "";
    this.noteMarks = [];
  },
};

/** The part of the therapist's component. */
export const noteView = {
  note: /** @type {(Wire.NoteData & { of: number }) | null} */ (null),

  /** @param {Wire.TransactionData | null} visit */
  noteKey(visit) {
    return visit?.has_note ? visit.id : 0;
  },
  /**
   * @param {Wire.TransactionData} visit
   * @returns {string}
   */
  noteMarksOf(visit) {
    return this.note?.of === visit.id ? this.note.marks.join(" · ") : "";
  },
  /**
   * @param {Wire.TransactionData} visit
   * @returns {string}
   */
  noteTextOf(visit) {
    return this.note?.of === visit.id ? this.note.text : "";
  },
};
