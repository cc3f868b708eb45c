import { parse, TYPE } from "@formatjs/icu-messageformat-parser";
import { expect, test } from "vitest";
import en from "./en";
import ja from "./ja";
import zh from "./zh-CN";

type Element = ReturnType<typeof parse>[number];

/** The names of all places in a sentence, those inside of plurals included. */
function places(elements: readonly Element[]): string[] {
  return elements.flatMap((each) => {
    if (each.type === TYPE.literal || each.type === TYPE.pound) return [];
    if (each.type === TYPE.plural || each.type === TYPE.select) {
      return [each.value, ...Object.values(each.options).flatMap((option) => places(option.value))];
    }
    return each.type === TYPE.tag ? [each.value, ...places(each.children)] : [each.value];
  });
}

const named = (sentence: string) => [...new Set(places(parse(sentence)))].sort();

test.each([
  ["ja", ja],
  ["zh-CN", zh],
] as const)("%s says whatever English says, with the same places", (_, other: Record<string, string>) => {
  expect(Object.keys(other).sort()).toEqual(Object.keys(en).sort());
  for (const [key, sentence] of Object.entries(en)) {
    expect([key, named(other[key] ?? "")]).toEqual([key, named(sentence)]);
    expect(other[key]?.trim()).not.toBe("");
  }
});
