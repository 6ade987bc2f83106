/** What goes over the wire. Written by `make types` from the server's types; never by hand. */
declare namespace Wire {
  interface AddedItem {
    transaction_id: number;
    service_classification_id: number;
    expected_price?: string | null;
  }

  interface AddedService {
    transaction_id: number;
    service_classification_id: number;
    expected_price?: string | null;
  }

  interface Answered {
    key: string;
    item_id: number;
    accepted: boolean;
  }

  interface ApprovalReply {
    approval: string;
  }

  interface Asked {
    username: string;
    pin: string;
    command: string;
    data: Record<string, unknown>;
  }

  interface AttemptData {
    id: number;
    method: string;
    method_name: string;
    amount_due: string;
    started_at: string;
  }

  interface Because {
    transaction_id: number;
    reason?: string;
  }

  interface BoardPage {
    currency: string;
    login_url: string;
    socket: string;
    snapshot_url: string;
    shows: Status[];
    groups: StatusGroups;
    wait_url: string;
    snapshot: BoardSnapshot;
  }

  interface BoardRow {
    id: number;
    version: number;
    code: string;
    status: Status;
    room_number: string;
    calls: number;
    counter_number: string | null;
  }

  interface BoardSnapshot {
    setup: number;
    branch: BranchData;
    transactions: BoardRow[];
    message: string;
    picture: string;
    server_now: string;
  }

  interface BranchData {
    slug: string;
    name: string;
    time_zone: string;
    currency: string;
    active: boolean;
    suggests_add_ons: boolean;
  }

  interface Break {
    minutes?: number | null;
  }

  interface CashierData {
    id: number;
    name: string;
    counter_number: string;
  }

  interface CashierPage {
    currency: string;
    login_url: string;
    socket: string;
    snapshot_url: string;
    shows: Status[];
    groups: StatusGroups;
    lock_minutes: number;
    locked: boolean;
    logged_in_for: number;
    snapshot: CashierSnapshot;
    day_url: string;
    receipt_url: string;
    refund_url: string;
  }

  interface CashierSelf {
    id: number;
    name: string;
    counter_number: string;
  }

  interface CashierSnapshot {
    setup: number;
    branch: BranchData;
    transactions: TransactionData[];
    server_now: string;
    me: CashierSelf;
    methods: MethodData[];
    discounts: OfferData[];
  }

  interface CategoryData {
    id: number;
    name: string;
    description: string;
    add_ons: boolean;
    services: ServiceData[];
  }

  interface ChainPage {
    currency: string;
    login_url: string;
    socket: string;
    snapshot_url: string;
    snapshot: ChainSnapshot;
  }

  interface ChainRow {
    slug: string;
    name: string;
    active: boolean;
    waiting: number;
    longest_wait: number;
    on_duty: number;
    takings: string;
    needs: Need[];
  }

  interface ChainSnapshot {
    branches: ChainRow[];
    server_now: string;
  }

  interface ChangedOrder {
    transaction_id: number;
    items: ChosenItem[];
    customer_name?: string | null;
    expected_total?: string | null;
    version?: number | null;
  }

  interface ChosenItem {
    service_classification_id: number;
    quantity?: number;
  }

  interface ClassificationData {
    id: number;
    classification: string;
    price: string;
    duration_minutes: number;
  }

  interface Closed {
    counts: Record<string, number>;
    note?: string;
    approval?: string | null;
  }

  interface ClosedPage {
    currency: string;
    login_url: string;
    socket: string;
    snapshot_url: string;
  }

  interface Commands {
    approve: { data: Asked; reply: ApprovalReply };
    cashier_add_item: { data: AddedItem; reply: TransactionReply };
    cashier_apply_discount: { data: GivenDiscount; reply: TransactionReply };
    cashier_claim: { data: OfCode; reply: TransactionReply };
    cashier_claim_next: { data: NoData; reply: TransactionReply };
    cashier_close_drawer: { data: Closed; reply: DrawerReply };
    cashier_count_drawer: { data: Counted; reply: DrawerReply };
    cashier_move_cash: { data: Moved; reply: DrawerReply };
    cashier_open_drawer: { data: Opened; reply: DrawerReply };
    cashier_pay: { data: Tendered; reply: TransactionReply };
    cashier_payment_result: { data: TerminalAnswer; reply: TransactionReply };
    cashier_refund: { data: Refunded; reply: RefundReply };
    cashier_release: { data: Because; reply: TransactionReply };
    cashier_remove_discount: { data: NamedDiscount; reply: TransactionReply };
    cashier_remove_item: { data: TakenItem; reply: TransactionReply };
    customer_answer_item: { data: Answered; reply: TransactionReply };
    customer_cancel: { data: OfKey; reply: TransactionReply };
    customer_confirm_selection: { data: Selection; reply: JoinedReply };
    manager_cancel: { data: Stopped; reply: TransactionReply };
    manager_change_turns: { data: TurnChange; reply: RotationReply };
    room_set_status: { data: RoomSetting; reply: RoomReply };
    staff_cancel: { data: GivenUp; reply: TransactionReply };
    staff_change_order: { data: ChangedOrder; reply: TransactionReply };
    staff_confirm_selection: { data: Selection; reply: JoinedReply };
    staff_hold: { data: Because; reply: TransactionReply };
    staff_release_hold: { data: OfTransaction; reply: TransactionReply };
    staff_reopen: { data: OfCode; reply: TransactionReply };
    staff_set_presence: { data: PresenceSetting; reply: TherapistReply };
    staff_set_request: { data: SetRequest; reply: TransactionReply };
    therapist_add_service: { data: AddedService; reply: TransactionReply };
    therapist_agree_item: { data: OfItem; reply: TransactionReply };
    therapist_break: { data: Break; reply: TherapistReply };
    therapist_change_room: { data: MovedRoom; reply: TransactionReply };
    therapist_clock_in: { data: NoData; reply: TherapistReply };
    therapist_clock_out: { data: NoData; reply: TherapistReply };
    therapist_confirm_next: { data: NoData; reply: TransactionReply };
    therapist_finish_service: { data: OfTransaction; reply: TransactionReply };
    therapist_hand_over: { data: HandedOver; reply: TransactionReply };
    therapist_no_show: { data: Because; reply: TransactionReply };
    therapist_read_note: { data: OfTransaction; reply: TransactionReply };
    therapist_recall: { data: OfTransaction; reply: TransactionReply };
    therapist_release: { data: GivenUp; reply: TransactionReply };
    therapist_remove_item: { data: OfItem; reply: TransactionReply };
    therapist_show_note: { data: OfTransaction; reply: NoteReply };
    therapist_start_service: { data: OfTransaction; reply: TransactionReply };
    undo: { data: Undone; reply: TransactionReply };
    work_at: { data: WorkplaceChoice; reply: WorkplaceReply };
  }

  type Consent =
    | "asked"
    | "accepted"
    | "declined"
    | "in_person";

  interface CountData {
    counted_amount: string;
    expected_amount: string;
    variance: string;
    methods: MethodTotalData[];
  }

  interface Counted {
    counts: Record<string, number>;
  }

  interface DayData {
    refunded: string;
    refund_totals: TotalData[];
    refunds: RefundedData[];
    date: string;
    count: number;
    amount: string;
    tips: string;
    totals: TotalData[];
    payments: TakenData[];
  }

  interface DeskPage {
    currency: string;
    login_url: string;
    socket: string;
    snapshot_url: string;
    shows: Status[];
    groups: StatusGroups;
    lock_minutes: number;
    locked: boolean;
    logged_in_for: number;
    snapshot: MonitorSnapshot;
    menu: MenuData;
    is_manager: boolean;
    ticket_url: string;
  }

  interface DiscountData {
    id: number;
    discount: string;
    name: string;
    item_id: number | null;
    amount: string;
  }

  type DiscountKind =
    | "percent"
    | "amount";

  interface DisplayPage {
    currency: string;
    login_url: string;
    socket: string;
    snapshot_url: string;
    shows: Status[];
    groups: StatusGroups;
    snapshot: DisplaySnapshot;
  }

  interface DisplayPayment {
    amount_paid: string;
    tip_amount: string;
    change_amount: string;
  }

  interface DisplayRow {
    id: number;
    version: number;
    code: string;
    status: Status;
    total_amount: string;
    amount_due: string;
    received_amount: string;
    tip_amount: string;
    discounts: DiscountData[];
    tax: TaxData | null;
    items: ItemData[];
    paid_at: string | null;
    payment: DisplayPayment | null;
  }

  interface DisplaySnapshot {
    setup: number;
    branch: BranchData;
    transactions: DisplayRow[];
    server_now: string;
  }

  interface DrawerData {
    counter_number: string;
    number: number;
    business_date: string;
    opened_at: string;
    opened_by: string;
    float_amount: string;
    is_open: boolean;
    z_number?: number;
    count?: CountData;
  }

  interface DrawerReply {
    drawer: DrawerData;
  }

  type ErrorCode =
    | "already_refunded"
    | "amount_doubtful"
    | "approval_needed"
    | "branch_closed"
    | "busy"
    | "close_yesterday_first"
    | "conflict"
    | "consent_needed"
    | "discount_not_allowed"
    | "drawer_closed"
    | "drawer_open"
    | "empty_selection"
    | "insufficient_payment"
    | "invalid"
    | "locked"
    | "method_not_offered"
    | "nobody_able"
    | "not_able"
    | "not_allowed"
    | "not_authenticated"
    | "not_enough_left"
    | "not_the_total"
    | "not_your_turn"
    | "price_changed"
    | "queue_empty"
    | "rate_limited"
    | "receipt_not_found"
    | "room_not_ready"
    | "server_error"
    | "service_not_found"
    | "transaction_not_found"
    | "unknown_command"
    | "wrong_pin"
    | "wrong_state";

  type EventName =
    | "board_updated"
    | "cashier_queue_updated"
    | "customer_txn_update"
    | "display_updated"
    | "error"
    | "heartbeat"
    | "menu_updated"
    | "monitor_updated"
    | "presence_updated"
    | "resync"
    | "room_updated"
    | "setup_updated"
    | "snapshot"
    | "therapist_queue_updated"
    | "turns_updated";

  interface FloorDigest {
    setup: number;
    count: number;
    versions: number;
    presence?: number;
    turns?: number;
  }

  interface GenderChoice {
    preference: string;
    wait_minutes: [number, number] | null;
  }

  interface GivenDiscount {
    transaction_id: number;
    discount: string;
    item_id?: number | null;
    reason?: string;
    value?: string | null;
    id_number?: string;
    name?: string;
    approval?: string | null;
  }

  interface GivenUp {
    transaction_id: number;
    reason: string;
  }

  interface HandedOver {
    transaction_id: number;
    reason?: string;
    therapist_id: number;
  }

  interface ItemData {
    id: number;
    service_id: number;
    service_classification_id: number;
    service_name: string;
    classification: string;
    price: string;
    duration_minutes: number;
    consent: Consent | null;
  }

  interface JoinedReply {
    transaction: TransactionData;
    key: string;
  }

  type Kind =
    | "cash"
    | "terminal";

  interface LineLeftData {
    item_id: number;
    service_name: string;
    classification: string;
    left: string;
  }

  interface LivePage {
    currency: string;
    login_url: string;
    socket: string;
    snapshot_url: string;
    shows: Status[];
    groups: StatusGroups;
  }

  interface MenuData {
    categories: CategoryData[];
    note_marks: NoteMarkData[];
    currency: string;
    version: string;
  }

  interface MenuPage {
    currency: string;
    login_url: string;
    branch: string;
    snapshot_url: string;
    suggests_add_ons: boolean;
    setup: number;
    menu: MenuData;
    kiosk: boolean;
    language: string;
    socket: string;
    ticket_url: string;
    qr_url: string;
  }

  interface MenuSnapshot {
    setup: number;
    branch: BranchData;
    wait_minutes: [number, number] | null;
    server_now: string;
  }

  interface MethodData {
    code: string;
    name: string;
    kind: Kind;
  }

  interface MethodLeftData {
    method: string;
    left: string;
  }

  interface MethodTotalData {
    method: string;
    name: string;
    count: number;
    amount: string;
  }

  interface MonitorDigest {
    setup: number;
    count: number;
    versions: number;
    presence?: number;
    turns?: number;
    statistics: Statistics;
  }

  interface MonitorPage {
    currency: string;
    login_url: string;
    socket: string;
    snapshot_url: string;
    shows: Status[];
    groups: StatusGroups;
    snapshot: MonitorSnapshot;
  }

  interface MonitorSnapshot {
    setup: number;
    branch: BranchData;
    transactions: TransactionData[];
    rooms: RoomData[];
    therapists: TherapistData[];
    skills: SkillData[];
    rotation: RotationData | null;
    cashiers: CashierData[];
    statistics: Statistics;
    server_now: string;
    revenue_today?: string;
  }

  interface Moved {
    kind: string;
    amount: string;
    reason: string;
    therapist_id?: number | null;
    request_id?: string | null;
  }

  interface MovedRoom {
    transaction_id: number;
    reason?: string;
    room_number: string;
  }

  interface NamedDiscount {
    transaction_id: number;
    discount: string;
    item_id?: number | null;
    reason?: string;
  }

  type Need =
    | "nobody_on_duty"
    | "long_wait"
    | "drawer_open";

  interface NoData {
  }

  interface NoteData {
    text: string;
    marks: string[];
  }

  interface NoteMarkData {
    code: string;
    name: string;
  }

  interface NoteReply {
    note: NoteData;
  }

  interface OfCode {
    code: string;
  }

  interface OfItem {
    transaction_id: number;
    item_id: number;
  }

  interface OfKey {
    key: string;
  }

  interface OfTransaction {
    transaction_id: number;
  }

  interface OfferData {
    code: string;
    name: string;
    kind: DiscountKind;
    scope: Scope;
    value: string | null;
    cashier_limit: string | null;
    needs_reason: boolean;
    needs_id: boolean;
  }

  interface Opened {
    counts: Record<string, number>;
    note?: string;
  }

  interface PageData {
    currency: string;
    login_url: string;
  }

  interface PaymentData {
    amount_due: string;
    amount_paid: string;
    tip_amount: string;
    change_amount: string;
    method: string;
    reference: string;
    receipt_number: number;
    receipt_key: string;
    created_at: string;
  }

  interface Place {
    before: number | null;
    wait_minutes: [number, number] | null;
  }

  interface PresenceSetting {
    therapist_id: number;
    presence: string;
  }

  type PresenceState =
    | "on_duty"
    | "break_next"
    | "on_break"
    | "off_duty";

  interface RefundData {
    number: number;
    key: string;
    receipt_number: number;
    amount: string;
    tax_amount: string;
    tip_amount: string;
    is_void: boolean;
    reason: string;
    tenders: RefundPartData[];
    created_at: string;
  }

  interface RefundPartData {
    method: string;
    amount: string;
  }

  interface RefundReply {
    transaction: TransactionData;
    refund: RefundData;
  }

  interface RefundableData {
    receipt_number: number;
    receipt_key: string;
    transaction_id: number;
    code: string;
    customer_name: string;
    cashier: string;
    created_at: string;
    amount_due: string;
    tip_amount: string;
    refunded_amount: string;
    lines: LineLeftData[];
    left: string;
    tip_left: string;
    methods: MethodLeftData[];
    can_void: boolean;
  }

  interface Refunded {
    receipt_number?: number | null;
    receipt_key?: string | null;
    lines?: number[];
    amount?: string | null;
    method?: string | null;
    tip?: boolean;
    void?: boolean;
    reason: string;
    approval?: string | null;
    request_id: string;
  }

  interface RefundedData {
    number: number;
    key: string;
    receipt_number: number;
    code: string;
    amount: string;
    tip_amount: string;
    is_void: boolean;
    created_at: string;
  }

  interface ReportsPage {
    currency: string;
    login_url: string;
    days: [string, string][];
  }

  interface RequestChoices {
    minutes: number;
    wait_minutes: [number, number] | null;
    missing_skills: string[];
    therapists: TherapistChoice[];
    genders: GenderChoice[];
  }

  interface RoomData {
    number: string;
    status: RoomStatus;
    version: number;
    closing: boolean;
  }

  interface RoomReply {
    room: RoomData;
  }

  interface RoomSetting {
    room_number: string;
    status: string;
  }

  type RoomStatus =
    | "available"
    | "occupied"
    | "preparing"
    | "out_of_service";

  interface RotationData {
    business_date: string;
    version: number;
    shared_rooms: boolean;
    order: StandingData[];
  }

  interface RotationReply {
    rotation: RotationData;
  }

  interface SaleData {
    receipt_number: number;
    receipt_key: string;
    code: string;
    customer_name: string;
    cashier: string;
    business_date: string;
    created_at: string;
    treatments: string[];
    methods: string[];
    amount_due: string;
    tip_amount: string;
    refunded_amount: string;
  }

  interface SalesData {
    date: string;
    sales: SaleData[];
  }

  type Scope =
    | "line"
    | "bill";

  interface Selection {
    items: ChosenItem[];
    customer_name?: string;
    expected_total?: string | null;
    requested_therapist_id?: number | null;
    preference?: string | null;
    note?: string;
    marks?: string[];
    request_id?: string | null;
  }

  interface ServiceData {
    id: number;
    name: string;
    description: string;
    image_url: string;
    skill: string | null;
    classifications: ClassificationData[];
  }

  interface SetRequest {
    transaction_id: number;
    requested_therapist_id?: number | null;
    preference?: string | null;
  }

  interface SkillData {
    name: string;
    therapist_ids: number[];
  }

  interface StandingData {
    therapist_id: number;
    name: string;
    turns: string;
    since: string;
  }

  interface Statistics {
    served_today: number;
    served_last_hour: number;
    service_minutes: number | null;
    therapists: number;
    cashiers: number;
  }

  type Status =
    | "selecting"
    | "pending_therapist"
    | "on_hold"
    | "therapist_confirmed"
    | "in_service"
    | "finished"
    | "awaiting_payment"
    | "paying"
    | "paid"
    | "cancelled"
    | "no_show";

  interface StatusGroups {
    waiting: Status[];
    with_therapist: Status[];
    ready_to_pay: Status[];
    with_cashier: Status[];
  }

  interface Stopped {
    transaction_id: number;
    reason: string;
    bill?: boolean;
  }

  interface TakenData {
    transaction_id: number;
    code: string;
    customer_name: string;
    method: string;
    amount_due: string;
    amount_paid: string;
    tip_amount: string;
    change_amount: string;
    reference: string;
    receipt_number: number;
    receipt_key: string;
    created_at: string;
    refunded_amount: string;
  }

  interface TakenItem {
    transaction_id: number;
    item_id: number;
    reason: string;
  }

  interface Takings {
    revenue_today: string;
  }

  interface TaxData {
    name: string;
    rate: string;
    amount: string;
    exempted: string;
  }

  interface TenderData {
    method: string;
    amount: string;
    reference: string;
  }

  interface TenderPart {
    method: string;
    amount: string;
    reference?: string;
  }

  interface Tendered {
    transaction_id: number;
    amount_paid?: string | null;
    method?: string;
    reference?: string;
    confirmed?: boolean;
    expected_total?: string | null;
    tip_amount?: string;
    tip_shares?: TipPart[];
    tenders?: TenderPart[];
    request_id?: string | null;
  }

  interface TerminalAnswer {
    transaction_id: number;
    approved: boolean;
    reference?: string;
    attempt_id?: number | null;
  }

  interface TherapistChoice {
    id: number;
    name: string;
    wait_minutes: [number, number] | null;
  }

  interface TherapistData {
    id: number;
    name: string;
    room_number: string;
    presence: PresenceState;
    presence_since: string | null;
    back_at: string | null;
    version: number;
  }

  interface TherapistDayNow {
    business_date: string;
    customers: number;
    minutes: number;
    amount: string;
    tips: string;
    tips_paid_out: string;
    refunded: string;
    transactions: TransactionData[];
    seconds_behind: number;
  }

  interface TherapistPage {
    currency: string;
    login_url: string;
    socket: string;
    snapshot_url: string;
    shows: Status[];
    groups: StatusGroups;
    lock_minutes: number;
    locked: boolean;
    logged_in_for: number;
    snapshot: TherapistSnapshot;
    menu: MenuData;
    favourites: number[];
    day_url: string;
  }

  interface TherapistReply {
    therapist: TherapistData;
  }

  interface TherapistSelf {
    id: number;
    name: string;
    room_number: string;
    gender: string;
    shared_rooms: boolean;
  }

  interface TherapistSnapshot {
    setup: number;
    branch: BranchData;
    transactions: TransactionData[];
    rooms: RoomData[];
    therapists: TherapistData[];
    skills: SkillData[];
    rotation: RotationData | null;
    server_now: string;
    me: TherapistSelf;
  }

  interface TicketDigest {
    setup: number;
    count: number;
    versions: number;
    before: number | null;
    wait_minutes: [number, number] | null;
  }

  interface TicketPage {
    currency: string;
    login_url: string;
    socket: string;
    snapshot_url: string;
    shows: Status[];
    groups: StatusGroups;
    snapshot: TicketSnapshot;
    key: string;
    receipt_url: string;
  }

  interface TicketSnapshot {
    setup: number;
    branch: BranchData;
    before: number | null;
    wait_minutes: [number, number] | null;
    transaction: TransactionData;
    server_now: string;
  }

  interface TipPart {
    therapist_id: number;
    amount: string;
  }

  interface TipsOfDay {
    date: string;
    therapists: TipsOfTherapist[];
  }

  interface TipsOfTherapist {
    therapist_id: number;
    name: string;
    earned: string;
    paid_out: string;
    owed: string;
  }

  interface TotalData {
    method: string;
    name: string;
    count: number;
    amount: string;
  }

  interface TransactionData {
    id: number;
    version: number;
    code: string;
    status: Status;
    customer_name: string;
    branch: string;
    therapist: string | null;
    therapist_id: number | null;
    requested_therapist: string | null;
    requested_therapist_id: number | null;
    preference: string | null;
    request_until: string | null;
    skills: string[];
    quoted_wait: [number, number] | null;
    has_note: boolean;
    note_unread: boolean;
    cashier: string | null;
    cashier_id: number | null;
    counter_number: string | null;
    room_number: string;
    calls: number;
    held_until: string | null;
    total_amount: string;
    amount_due: string;
    discounts: DiscountData[];
    received_amount: string;
    tip_amount: string;
    tenders: TenderData[];
    refunded_amount: string;
    tax: TaxData | null;
    total_duration_minutes: number;
    created_at: string;
    queued_at: string | null;
    selection_confirmed_at: string | null;
    therapist_confirmed_at: string | null;
    service_start_at: string | null;
    service_finish_at: string | null;
    cashier_claimed_at: string | null;
    paid_at: string | null;
    items: ItemData[];
    declined: ItemData[];
    hold_reason?: string;
    attempt?: AttemptData;
    payment?: PaymentData;
  }

  interface TransactionReply {
    transaction: TransactionData;
  }

  interface TurnChange {
    therapist_id: number;
    reason: string;
    turns?: string | null;
  }

  interface TurnData {
    id: number;
    at: string;
    therapist_id: number;
    therapist: string;
    turns: string;
    kind: TurnKind;
    code: string | null;
    reason: string;
    by: string | null;
  }

  type TurnKind =
    | "clocked_in"
    | "called"
    | "requested"
    | "taken_over"
    | "handed_over"
    | "treatments"
    | "released"
    | "held"
    | "no_show"
    | "cancelled"
    | "undone"
    | "gave_up"
    | "manual"
    | "moved_back";

  interface TurnsOfDay {
    business_date: string;
    turns: TurnData[];
  }

  interface Undone {
    transaction_id: number;
    version?: number | null;
  }

  interface WorkplaceChoice {
    branch: string;
  }

  interface WorkplaceData {
    slug: string;
    name: string;
  }

  interface WorkplaceReply {
    branch: WorkplaceData;
  }
}
