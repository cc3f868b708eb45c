/** What a key asks for: something by name, or a page by its address. */
export type Command = "palette" | "help" | Press | `/${string}`;
/** What is done by the element with `data-shortcut`: a button is clicked, a field is focused. */
export type Press = "start" | "open" | "search";

const SINGLE: Readonly<Record<string, Command>> = { "?": "help", "/": "search", n: "start", o: "open" };
const PATIENCE_MS = 1_500;
const KEY_OF_INPUT_METHOD = 229; // what browsers send that do not set isComposing on a composition's last key

const EDITABLE =
  'input:not([type="checkbox"], [type="radio"], [type="button"], [type="submit"]), textarea, select, [contenteditable]:not([contenteditable="false"]), [role="textbox"], [role="combobox"], [role="searchbox"]';
const COVERED = ".MuiModal-root:not(.MuiModal-hidden)";

type Key = Pick<
  KeyboardEvent,
  "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey" | "isComposing" | "keyCode" | "repeat" | "timeStamp" | "target"
>;

/** Whether a key is somebody's text, or an open dialog's. */
function isTaken(event: Key): boolean {
  if (event.isComposing || event.keyCode === KEY_OF_INPUT_METHOD || event.repeat) return true;
  return (event.target instanceof Element && event.target.closest(EDITABLE) !== null) || isCovered();
}

const isCovered = () => document.querySelector(COVERED) !== null;

/** Reads keys one after the other; `pages` are the letters after `g`. */
export class KeyReader {
  private went: number | null = null; // when `g` was typed, in milliseconds

  constructor(private readonly pages: ReadonlyMap<string, `/${string}`>) {}

  /** What this key asks for; null: nothing. `singles` are off where the person does not want them. */
  read(event: Key, singles: boolean): Command | null {
    const went = this.went !== null && event.timeStamp - this.went < PATIENCE_MS;
    this.went = null;
    if (isTaken(event)) return null;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.ctrlKey || event.metaKey) return key === "k" && !event.altKey && !event.shiftKey ? "palette" : null;
    if (!singles || event.altKey) return null;
    if (went && this.pages.has(key)) return this.pages.get(key) ?? null;
    if (key === "g") this.went = event.timeStamp;
    return SINGLE[key] ?? null;
  }
}

const isUsable = (element: HTMLElement) => !element.matches(':disabled, [aria-disabled="true"]');
const fieldOf = (element: HTMLElement) =>
  element.matches("input, textarea") ? element : element.querySelector<HTMLElement>("input, textarea");

/** The element that a shortcut means; null: it is not on this page, or cannot be used now. */
export function meant(press: Press): HTMLElement | null {
  const all = document.querySelectorAll<HTMLElement>(`[data-shortcut="${press}"]`);
  return Array.from(all).find(isUsable) ?? null;
}

/** Click a button, focus a field. */
export function activate(element: HTMLElement): void {
  const field = fieldOf(element);
  if (field) field.focus();
  else element.click();
}

/** Only go there. */
export const focusOn = (element: HTMLElement): void => (fieldOf(element) ?? element).focus();

const KEPT = "shiva.shortcuts";

/** Whether this browser's person wants single keys; they do until they say no. */
export function singlesWanted(): boolean {
  try {
    return window.localStorage.getItem(KEPT) !== "off";
  } catch {
    return true;
  }
}

/** Remember it in this browser. */
export function keepSingles(wanted: boolean): void {
  try {
    if (wanted) window.localStorage.removeItem(KEPT);
    else window.localStorage.setItem(KEPT, "off");
  } catch {
    // a browser that keeps nothing asks again
  }
}
