/** Rows as the server sends them, of which a test names what it is about. */

/**
 * @param {Partial<Wire.TransactionData>} [more]
 * @returns {Wire.TransactionData}
 */
export function transaction(more) {
  return {
    id: 1,
    version: 1,
    code: "0001",
    status: "pending_therapist",
    customer_name: "",
    branch: "main",
    therapist: null,
    therapist_id: null,
    requested_therapist: null,
    requested_therapist_id: null,
    preference: null,
    request_until: null,
    skills: [],
    quoted_wait: null,
    has_note: false,
    note_unread: false,
    cashier: null,
    cashier_id: null,
    counter_number: null,
    room_number: "",
    calls: 0,
    held_until: null,
    total_amount: "0.00",
    amount_due: "0.00",
    tax: null,
    received_amount: "0.00",
    tip_amount: "0.00",
    tenders: [],
    refunded_amount: "0.00",
    discounts: [],
    total_duration_minutes: 0,
    created_at: "2026-01-01T09:00:00+08:00",
    queued_at: null,
    selection_confirmed_at: null,
    therapist_confirmed_at: null,
    service_start_at: null,
    service_finish_at: null,
    cashier_claimed_at: null,
    paid_at: null,
    items: [],
    declined: [],
    ...more,
  };
}

/**
 * @param {Partial<Wire.ItemData>} [more]
 * @returns {Wire.ItemData}
 */
export function item(more) {
  return {
    id: 1,
    service_id: 1,
    service_classification_id: 1,
    service_name: "Hilot",
    classification: "60 minutes",
    price: "0.00",
    duration_minutes: 60,
    consent: null,
    ...more,
  };
}

/**
 * @param {Partial<Wire.RoomData>} [more]
 * @returns {Wire.RoomData}
 */
export function room(more) {
  return { number: "1", status: "available", version: 1, closing: false, ...more };
}

/**
 * @param {Partial<Wire.ClassificationData>} [more]
 * @returns {Wire.ClassificationData}
 */
export function offer(more) {
  return { id: 1, classification: "60 minutes", price: "0.00", duration_minutes: 60, ...more };
}

/**
 * @param {Partial<Wire.ServiceData>} [more]
 * @returns {Wire.ServiceData}
 */
export function service(more) {
  return {
    id: 1,
    name: "Hilot",
    description: "",
    image_url: "",
    skill: null,
    classifications: [],
    ...more,
  };
}

/**
 * @param {Partial<Wire.CategoryData>} [more]
 * @returns {Wire.CategoryData}
 */
export function category(more) {
  return { id: 1, name: "Massage", description: "", add_ons: false, services: [], ...more };
}

/**
 * @param {Partial<Wire.TherapistData>} [given]
 * @returns {Wire.TherapistData}
 */
export function therapist(given = {}) {
  const now = { presence: /** @type {const} */ ("on_duty"), presence_since: null, back_at: null };
  return { id: 1, name: "Maya", room_number: "1", version: 1, ...now, ...given };
}
