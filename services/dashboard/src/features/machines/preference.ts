import { type Order, SORTS } from "./choosing";

export const VIEWS = ["cards", "table"] as const;
export type View = (typeof VIEWS)[number];

/** How somebody likes to look at machines. */
export type Preference = Order & { view: View };

const KEY = "shiva.machines";
const USUAL: Preference = { view: "cards", sort: "free", reversed: false };

const oneOf = <T extends string>(values: readonly T[], value: unknown, usual: T): T =>
  values.find((each) => each === value) ?? usual;

/** What this browser keeps of it. */
export function preference(): Preference {
  try {
    const kept = JSON.parse(window.localStorage.getItem(KEY) ?? "{}");
    return {
      view: oneOf(VIEWS, kept.view, USUAL.view),
      sort: oneOf(SORTS, kept.sort, USUAL.sort),
      reversed: kept.reversed === true,
    };
  } catch {
    return USUAL;
  }
}

/** Remember it in this browser. */
export function prefer(preference: Preference): void {
  try {
    window.localStorage.setItem(KEY, JSON.stringify(preference));
  } catch {
    // a browser that keeps nothing shows cards
  }
}
