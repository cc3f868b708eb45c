import { screen } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { ApiError } from "../api/client";
import catalogue from "../api/problems.gen.json";
import { problem } from "../testing/factories";
import { shown } from "../testing/world";
import { Problem } from "./Problem";
import { languageOf, worded } from "./problemWords";

const LANGUAGES = ["en", "ja", "zh-CN"] as const;
const placeholders = (sentence: string) => [...sentence.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();
const CJK = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

describe.each(Object.entries(catalogue))("%s", (code, entry) => {
  it.each(LANGUAGES)("is worded in %s, with the same facts as in English", (language) => {
    for (const part of ["title", "detail"] as const) {
      const sentence = entry[language][part];
      expect(sentence).not.toBe("");
      expect(placeholders(sentence)).toEqual(placeholders(entry.en[part]));
      expect(entry.parameters).toEqual(expect.arrayContaining(placeholders(sentence)));
      if (language !== "en") expect(sentence).toMatch(CJK);
    }
  });

  it.each(["ja", "zh-CN"] as const)("reads whole in %s", (language) => {
    const facts = Object.fromEntries(entry.parameters.map((name, index) => [name, `<${name}-${index}>`]));
    const words = worded(new ApiError({ ...problem(400, code, "Title", facts), detail: "?" }), language);
    expect(words.language).toBe(language);
    expect(words.title + words.detail).not.toMatch(/[{}]/);
    for (const name of placeholders(entry[language].detail)) expect(words.detail).toContain(`<${name}-`);
  });
});

const known = (detail: string, parameters = {}) =>
  new ApiError({ ...problem(404, "machine-not-found", "There is no such machine", parameters), detail });

it("keeps the API's own words in English, and for a code that nobody knows", () => {
  const own = { title: "There is no such machine", detail: "Because.", language: "en", more: null };
  expect(worded(known("Because."), "en")).toEqual(own);
  const unknown = new ApiError({ ...problem(500, "brand-new", "Never seen"), detail: "Ask." });
  expect(worded(unknown, "ja")).toEqual({ title: "Never seen", detail: "Ask.", language: "en", more: null });
});

it("keeps the API's own words when a fact is missing", () => {
  const error = new ApiError(problem(403, "wrong-domain", "This account is not of the company"));
  expect(worded(error, "ja")).toMatchObject({ title: error.title, language: "en" });
});

it("tells beside the translation what the API said beyond the catalogue", () => {
  expect(worded(known(catalogue["machine-not-found"].en.detail), "ja").more).toBeNull();
  expect(worded(known("gpu-99 was taken away."), "ja").more).toBe("gpu-99 was taken away.");
});

it.each([
  ["ja", "ja"],
  ["ja-JP", "ja"],
  ["zh-CN", "zh-CN"],
  ["zh", "zh-CN"],
  ["zh-Hans-SG", "zh-CN"],
  ["en-GB", "en"],
  ["de", "en"],
  ["jam", "en"],
])("words problems for %s in %s", (tag, language) => expect(languageOf(tag)).toBe(language));

it.each([
  ["en-US", "There is no such machine", "en"],
  ["ja-JP", "そのマシンはありません", "ja"],
  ["zh-CN", "没有该机器", "zh-CN"],
])("shows them to a browser of %s, with the code", (tag, title, language) => {
  vi.spyOn(navigator, "language", "get").mockReturnValue(tag);
  shown(<Problem error={known("Because.")} />);
  expect(screen.getByText(title).closest("[lang]")).toHaveAttribute("lang", language);
  expect(screen.getByText("machine-not-found")).toBeVisible();
  expect(screen.getByText(/Because\./)).toBeVisible();
});

it.each(["ja", "zh-CN"] as const)("says in %s too that nothing answers", (language) => {
  const error = new ApiError({ status: 0, code: "unreachable", title: "Gone", detail: "?", parameters: {} });
  expect(worded(error, language)).toMatchObject({ language, title: expect.stringMatching(CJK), more: null });
});
