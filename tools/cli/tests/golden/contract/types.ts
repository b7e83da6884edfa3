// shop v2+001122334455, written by `selfsame version types`.
//
// `a?: T` may be absent and `a: T | null` may be null; the engine tells them apart, and keeps members that are
// not named here unless the schema closes the object.
//
// A JSON number is a double here: `JSON.parse` rounds integers beyond 2^53 (9007199254740992), and numbers with
// more than 17 digits. The engine keeps them as they were written.

/** The version, to be named as `dataschema` and `read_as`. */
export const VERSION = "v2";

/** The data of the event type `2fa`. */
export interface T2fa {
}

/** The data of the event type `order-placed`. */
export interface OrderPlaced {
  tree?: OrderPlacedTree;
}

/**
 * The data of the event type `order.placed`.
 * Somebody wants something. *\/ """ \
 * They pay later.
 */
export interface OrderPlaced2 {
  amount?: OrderPlaced2Amount;
  anything?: unknown;
  at?: string;
  /** To whom the bill goes. */
  bill_to?: Address;
  class: OrderPlaced2Class | null;
  count?: number;
  "first name": string;
  firstName?: string;
  first_name?: string;
  gift?: string | null;
  "größe": OrderPlacedGrE;
  hint?: string;
  items: OrderPlacedItem[];
  kind: OrderPlaced2Kind;
  labels?: { [key: string]: string | null };
  level?: 1 | 2;
  nest?: OrderPlacedNest;
  note: string | null;
  nothing?: never;
  order_id: string;
  paid: OrderPlaced2Paid | null;
  place?: number[];
  self?: boolean;
  to: Address;
  total: number;
}

export type OrderPlaced2Amount = number | string;

export type OrderPlaced2Class = "a" | "b";

export type OrderPlaced2Kind = "order";

export type OrderPlaced2Paid = OrderPlacedCard | OrderPlacedCash;

/** A job input of `dispatch`. */
export type DispatchInput = DispatchInputOrderPlaced | DispatchInputOrderPlaced2;

/** order-placed */
export interface DispatchInputOrderPlaced {
  key: string;
}

/** order.placed */
export interface DispatchInputOrderPlaced2 {
  hint?: string;
  name: string;
  sku: OrderPlacedItem[];
  to: Address;
}

/** A row of `order`. */
export interface OrderRow {
  all: OrderPlaced2;
  at: string;
  city?: string | null;
  note: string | null;
  notes?: string[];
  open: true;
  to: Address;
  total: number;
}

/** A row of `tally`. */
export interface TallyRow {
  class?: TallyRowClass | null;
  cost?: TallyRowCost;
  count: number;
  latest?: string;
  mark: TallyRowMark;
  sum?: number;
  top?: number;
}

export type TallyRowClass = "a" | "b";

export type TallyRowCost = "$5";

export type TallyRowMark = 1 | TallyRowMarkOption2;

export type TallyRowMarkOption2 = "x";

/** Where something is sent. */
export interface Address {
  city?: string | null;
  country?: Country;
  street: string;
}

export type Country = "de" | "en-GB" | "" | "!";

export type OrderPlacedTree = string | OrderPlacedTree[] | { [key: string]: OrderPlacedTree };

export interface OrderPlacedCard {
  card: string;
}

export interface OrderPlacedCash {
  cash: number;
  change?: number;
  [key: string]: number | undefined;
}

export type OrderPlacedGrE = number | null;

export interface OrderPlacedItem {
  instead?: OrderPlacedItem;
  parts?: OrderPlacedItem[];
  sku: string;
}

export type OrderPlacedNest = OrderPlacedNest[];

/** The data of each event type. */
export interface Events {
  "2fa": T2fa;
  "order-placed": OrderPlaced;
  "order.placed": OrderPlaced2;
}

/** The rows of each cache and view. */
export interface Rows {
  order: OrderRow;
  tally: TallyRow;
}

/** The job inputs of each queue. */
export interface JobInputs {
  dispatch: DispatchInput;
}
