import { parse, TYPE } from "@formatjs/icu-messageformat-parser";
import { printAST } from "@formatjs/icu-messageformat-parser/printer.js";
import type { Catalogue, Key } from "../words/Words";

type Elements = ReturnType<typeof parse>;

const [OPEN, CLOSE] = ["⟦", "⟧"];
const ACCENTED: Readonly<Record<string, string>> = {
  a: "á",
  e: "é",
  i: "í",
  o: "ó",
  u: "ú",
  A: "Á",
  E: "É",
  I: "Í",
  O: "Ó",
  U: "Ú",
};
const LETTER = /\p{L}/u;

const strange = (text: string) =>
  LETTER.test(text) ? `${OPEN}${text.replace(/[aeiou]/gi, (vowel) => ACCENTED[vowel] ?? vowel)}${CLOSE}` : text;

function strangeParts(elements: Elements): Elements {
  return elements.map((each) => {
    if (each.type === TYPE.literal) return { ...each, value: strange(each.value) };
    if (each.type === TYPE.tag) return { ...each, children: strangeParts(each.children) };
    if (each.type !== TYPE.plural && each.type !== TYPE.select) return each;
    const options = Object.entries(each.options).map(([name, option]) => [
      name,
      { ...option, value: strangeParts(option.value) },
    ]);
    return { ...each, options: Object.fromEntries(options) };
  }) as Elements;
}

/** A language that nobody speaks: whatever a catalogue says stands in brackets, what is put into its places does not. */
export function pseudo(catalogue: Catalogue): Catalogue {
  const all = Object.entries(catalogue).map(([key, sentence]) => [key, printAST(strangeParts(parse(sentence)))]);
  return Object.fromEntries(all) as Record<Key, string>;
}

const SAID = new RegExp(`${OPEN}[^${CLOSE}]*${CLOSE}`, "g");
const UNITS = /\b(?:[KMGTP]i)?B(?:\/s)?\b|°C|\b(?:AM|PM|UTC|GMT[+\-\d:]*)\b/g;
const TWELVE = Array.from({ length: 12 }, (_, index) => index);
const names = (style: "long" | "short") =>
  TWELVE.flatMap((index) => [
    new Date(2026, index, 1).toLocaleDateString("en", { month: style }),
    new Date(2026, 0, index + 1).toLocaleDateString("en", { weekday: style }),
  ]);
const CALENDAR = `(?:${[...names("long"), ...names("short")].join("|")})`;
const DATES = new RegExp(`\\b(?:${CALENDAR}, )?${CALENDAR}(?: \\d+)?(?:, \\d{4})?(?:,| at(?= \\d))?(?![\\p{L}])`, "gu");
const READ_ALOUD = [
  "aria-label",
  "aria-description",
  "aria-valuetext",
  "aria-placeholder",
  "title",
  "alt",
  "placeholder",
];

// Not a person's language: names and keys, what styles and scripts say. Swagger has its own words only; MUI has its own in
// each language, which the theme chooses.
const SKIPPED =
  '[translate="no"], style, script, .swagger-ui, .MuiAutocomplete-popupIndicator, .MuiAutocomplete-clearIndicator';

/** Members that are words of the contract, not of a person: shown raw, they are hard-coded text. */
const WORDS_OF_THE_CONTRACT = new Set([
  "state",
  "role",
  "level",
  "outcome",
  "gpu_driver",
  "kind",
  "scopes",
  "rule",
  "image_state",
]);

/** Every text of people and machines in what an API answers. */
export function dataIn(answer: unknown): string[] {
  if (typeof answer === "string") return [answer];
  if (Array.isArray(answer)) return answer.flatMap(dataIn);
  if (typeof answer !== "object" || answer === null) return [];
  return Object.entries(answer).flatMap(([key, value]) =>
    WORDS_OF_THE_CONTRACT.has(key) ? [] : [...keyOf(key), ...dataIn(value)],
  );
}

/** A name may be a key, as in a map by machine; a member's name is not one. */
const keyOf = (key: string) => (/[-.]/.test(key) ? [key] : []);

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function left(text: string, data: readonly RegExp[]): string {
  const rest = [SAID, ...data, DATES, UNITS].reduce((kept, known) => kept.replace(known, " "), text);
  return LETTER.test(rest) ? rest.trim().replace(/\s+/g, " ") : "";
}

/** All text below `root` that is neither a catalogue's nor data, with where it stands: what is hard-coded. */
export function hardCoded(root: Element, data: readonly string[]): string[] {
  const known = [...new Set(data)]
    .filter((each) => LETTER.test(each))
    .sort((a, b) => b.length - a.length)
    .map((each) => new RegExp(`(?<![\\p{L}\\p{N}])${escaped(each)}(?![\\p{L}\\p{N}])`, "gu"));
  const found: string[] = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let node: Node | null = walker.currentNode; node; node = walker.nextNode()) {
    const element = node instanceof Element ? node : node.parentElement;
    if (element?.closest(SKIPPED)) continue;
    const spoken =
      node instanceof Element
        ? READ_ALOUD.flatMap((name) => partOf(node as Element, name))
        : [["text", node.nodeValue ?? ""] as const];
    for (const [where, text] of spoken) {
      const rest = left(text, known);
      if (rest !== "") found.push(`${where} of <${element?.tagName.toLowerCase()}>: ${rest}`);
    }
  }
  return found;
}

function partOf(element: Element, name: string): [string, string][] {
  const value = element.getAttribute(name);
  return value === null ? [] : [[name, value]];
}
