import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { ApiError } from "../api/client";
import catalogue from "../api/problems.gen.json";
import { problem } from "../testing/factories";
import { shown } from "../testing/world";
import en from "../words/en";
import ja from "../words/ja";
import { Problem } from "./Problem";
import { worded } from "./problemWords";

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

const SPOKEN = { en: { language: "en", catalogue: en }, ja: { language: "ja", catalogue: ja } } as const;

it.each([
  ["en", "There is no such machine"],
  ["ja", "そのマシンはありません"],
] as const)("shows them in the chosen language, here %s, with the code", (language, title) => {
  shown(<Problem error={known("Because.")} />, SPOKEN[language]);
  expect(screen.getByText(title).closest("[lang]")).toHaveAttribute("lang", language);
  expect(screen.getByText("machine-not-found")).toBeVisible();
  expect(screen.getByText(/Because\./)).toBeVisible();
});

const NOTHING_FITS = new ApiError(
  problem(409, "no-capacity", "No machine fits now", {
    reasons: { "gpu-01": "0 of its 2 GPUs free; 1 wanted.", "gpu-02": "It sleeps." },
    machines: [
      { name: "gpu-01", misfit: { rule: "gpus-taken", text: "0 of its 2 GPUs free; 1 wanted." }, holders: [] },
      { name: "gpu-02", misfit: { rule: "brand-new", text: "It sleeps." }, holders: [] },
    ],
    offers: [
      { text: "Without a GPU it fits on gpu-03.", machine: "gpu-03", wish: { gpus: 0 } },
      { text: "With 4 GiB of memory it fits on gpu-03.", machine: "gpu-03", wish: { gpus: 1, memory_bytes: 2 ** 32 } },
    ],
  }),
);

it("says why nothing fits and what would, by codes in Japanese", () => {
  shown(<Problem error={NOTHING_FITS} />, SPOKEN.ja);
  expect(screen.getByText(/空いている GPU が足りません/)).toHaveAttribute("lang", "ja");
  expect(screen.getByText(/It sleeps\./)).toHaveAttribute("lang", "en");
  expect(screen.getByText("GPU なしなら gpu-03 で起動できます。")).toHaveAttribute("lang", "ja");
  expect(screen.getByText("With 4 GiB of memory it fits on gpu-03.")).toHaveAttribute("lang", "en");
});

it("keeps the API's sentences with their numbers in English", () => {
  shown(<Problem error={NOTHING_FITS} />);
  expect(screen.getByText(/0 of its 2 GPUs free; 1 wanted\./)).toBeVisible();
  expect(screen.getByText("Without a GPU it fits on gpu-03.")).toBeVisible();
});

it.each([
  [0, "unreachable"],
  [502, "http-502"],
])("says in Japanese too that nothing answers: %d %s", (status, code) => {
  shown(<Problem error={new ApiError({ status, code, title: "Gone", detail: "?", parameters: {} })} />, SPOKEN.ja);
  expect(screen.getByText("Shiva が応答しません")).toBeVisible();
  expect(screen.getByText(code)).toBeVisible();
});

it("words whatever else is thrown, too", () => {
  shown(<Problem error={new TypeError("undefined is not a function")} />, SPOKEN.ja);
  expect(screen.getByText("うまくいきませんでした")).toBeVisible();
});
