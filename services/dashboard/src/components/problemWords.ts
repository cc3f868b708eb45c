import type { ApiError } from "../api/client";
import catalogue from "../api/problems.gen.json";

export type Language = "en" | "ja" | "zh-CN";
type Words = { title: string; detail: string };
type Entry = { parameters: readonly string[] } & Record<Language, Words>;
export type Worded = Words & { language: Language; more: string | null };

const CATALOGUE: Readonly<Record<string, Entry>> = catalogue;
const PLACEHOLDER = /\{(\w+)\}/g;

/** What happens before any API can say it. */
const OWN: Readonly<Record<string, Omit<Record<Language, Words>, "en">>> = {
  unreachable: {
    ja: {
      title: "Shiva が応答しません",
      detail: "ノートブックは動き続け、ファイルは安全です。このページは自動的に再試行します。",
    },
    "zh-CN": {
      title: "Shiva 没有响应",
      detail: "笔记本会继续运行，文件是安全的。本页面会自动重试。",
    },
  },
};

/** The language that problems are worded in for who speaks `tag`. */
export function languageOf(tag: string): Language {
  const primary = tag.toLowerCase().split("-")[0];
  if (primary === "ja") return "ja";
  return primary === "zh" ? "zh-CN" : "en";
}

/** The sentence with its facts; null when one of them is not told. */
function filled(sentence: string, parameters: Record<string, unknown>): string | null {
  let whole = true;
  const text = sentence.replace(PLACEHOLDER, (_, name: string) => {
    const value = parameters[name];
    if (typeof value === "string" || typeof value === "number") return String(value);
    whole = false;
    return "";
  });
  return whole ? text.trim() : null;
}

function wordsOf(words: Words, parameters: Record<string, unknown>): Words | null {
  const [title, detail] = [filled(words.title, parameters), filled(words.detail, parameters)];
  return title === null || detail === null ? null : { title, detail };
}

/**
 * A problem in the person's language. `more` is what the API said beyond the catalogue's sentence, in its own English.
 * English, an unknown code and a fact that is missing leave the API's own words.
 */
export function worded(error: ApiError, language: Language): Worded {
  const own: Worded = { title: error.title, detail: error.detail, language: "en", more: null };
  if (language === "en") return own;
  const entry = CATALOGUE[error.code];
  const words = (entry ?? OWN[error.code])?.[language];
  const told = words && wordsOf(words, error.parameters);
  if (!told) return own;
  const known = entry === undefined || wordsOf(entry.en, error.parameters)?.detail === error.detail;
  return { ...told, language, more: known ? null : error.detail };
}
