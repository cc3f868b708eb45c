import { afterEach, describe, expect, it } from "vitest";
import { KeyReader, keepSingles, meant, singlesWanted } from "./shortcuts";

const PAGES = new Map<string, `/${string}`>([["m", "/"]]);

function typed(key: string, changes: Partial<KeyboardEvent> = {}) {
  const none = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, isComposing: false, repeat: false };
  return { key, ...none, keyCode: 0, timeStamp: 0, target: document.body, ...changes };
}

const read = (...events: ReturnType<typeof typed>[]) => {
  const reader = new KeyReader(PAGES);
  return events.map((event) => reader.read(event, true)).at(-1);
};

afterEach(() => {
  document.body.innerHTML = "";
});

describe("a key", () => {
  it.each([
    ["?", "help"],
    ["/", "search"],
    ["n", "start"],
    ["N", "start"], // with caps lock
    ["o", "open"],
    ["x", null],
    ["m", null],
  ])("%s asks for %s", (key, command) => expect(read(typed(key))).toBe(command));

  it("after g goes to a page, within a moment", () => {
    expect(read(typed("g"), typed("m", { timeStamp: 1_000 }))).toBe("/");
    expect(read(typed("g"), typed("m", { timeStamp: 3_000 }))).toBeNull();
    expect(read(typed("g"), typed("x"), typed("m"))).toBeNull();
  });

  it.each(["ctrlKey", "metaKey"] as const)("k with %s opens the palette, and no other does anything", (held) => {
    expect(read(typed("k", { [held]: true }))).toBe("palette");
    expect(read(typed("n", { [held]: true }))).toBeNull();
    expect(read(typed("k", { [held]: true, shiftKey: true }))).toBeNull();
  });

  it.each([
    ["is composed", { isComposing: true }],
    ["ends a composition", { keyCode: 229 }],
    ["is held down", { repeat: true }],
    ["comes with Alt", { altKey: true }],
  ])("that %s asks for nothing", (_, changes) => expect(read(typed("n", changes))).toBeNull());

  it.each([
    "<input>",
    "<textarea></textarea>",
    "<select></select>",
    '<div contenteditable="true"></div>',
    '<div role="combobox"></div>',
  ])("typed in %s asks for nothing", (field) => {
    document.body.innerHTML = field;
    expect(read(typed("n", { target: document.body.firstElementChild }))).toBeNull();
  });

  it("typed on a check box, which takes no text, does", () => {
    document.body.innerHTML = '<input type="checkbox">';
    expect(read(typed("n", { target: document.body.firstElementChild }))).toBe("start");
  });

  it("asks for nothing behind a dialog, not even of a page that hides one", () => {
    document.body.innerHTML = '<div class="MuiModal-root"></div>';
    expect(read(typed("n"))).toBeNull();
    document.body.innerHTML = '<div class="MuiModal-root MuiModal-hidden"></div>';
    expect(read(typed("n"))).toBe("start");
  });

  it("alone does nothing when the person does not want that; the palette stays", () => {
    const reader = new KeyReader(PAGES);
    expect(reader.read(typed("n"), false)).toBeNull();
    expect(reader.read(typed("k", { ctrlKey: true }), false)).toBe("palette");
  });
});

it("means the first element of its name that can be used", () => {
  document.body.innerHTML =
    '<button disabled data-shortcut="start"></button><button id="b" data-shortcut="start"></button>';
  expect(meant("start")?.id).toBe("b");
  expect(meant("open")).toBeNull();
});

it("remembers who wants no single keys", () => {
  expect(singlesWanted()).toBe(true);
  keepSingles(false);
  expect(singlesWanted()).toBe(false);
  keepSingles(true);
  expect(singlesWanted()).toBe(true);
});
