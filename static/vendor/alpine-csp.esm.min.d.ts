/** Our own: what the pages use of Alpine's CSP build, which brings no types. */

/** What Alpine puts into every component. */
export interface Magics<T> {
  readonly $root: HTMLElement;
  readonly $refs: Readonly<Record<string, HTMLElement>>;
  readonly $store: Stores;
  $nextTick(callback: () => void): void;
  $watch<K extends keyof T>(property: K, callback: (value: T[K], before: T[K]) => void): void;
}

/** The stores that static/js/lib/connection.js fills. */
export interface Stores {
  connection: import("../js/lib/connection.js").ConnectionStore;
}

interface Alpine {
  data(name: string, component: () => object): void;
  store<K extends keyof Stores>(name: K): Stores[K];
  store<K extends keyof Stores>(name: K, value: Stores[K]): void;
  start(): void;
}

declare const alpine: Alpine;
export default alpine;
