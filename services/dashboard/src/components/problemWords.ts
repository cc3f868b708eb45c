import type { ApiError } from "../api/client";
import type { Language } from "../words/language";
import type { Key, Translate } from "../words/Words";

type Words = { title: string; detail: string };
type Entry = { parameters: readonly string[] } & Record<Language, Words>;
export type Worded = Words & { language: Language; more: string | null };
/** A sentence and the language that it is in: what no code tells is left in the API's English. */
export type Sentence = { text: string; language: Language };

let catalogue: Readonly<Record<string, Entry>> = {};
const PLACEHOLDER = /\{(\w+)\}/g;

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

/** Fetch the problems' words; in English the API's own are shown, and nobody waits for these. */
export async function fetchProblemWords(): Promise<void> {
  catalogue = (await import("../api/problems.gen.json")).default;
}

/**
 * A problem in the person's language. `more` is what the API said beyond the catalogue's sentence, in its own English.
 * English, an unknown code and a fact that is missing leave the API's own words.
 */
export function worded(error: ApiError, language: Language): Worded {
  const own: Worded = { title: error.title, detail: error.detail, language: "en", more: null };
  const entry = catalogue[error.code];
  if (language === "en" || entry === undefined) return own;
  const told = wordsOf(entry[language], error.parameters);
  if (!told) return own;
  const known = wordsOf(entry.en, error.parameters)?.detail === error.detail;
  return { ...told, language, more: known ? null : error.detail };
}

/** What happened before any API could say it: nothing answered, or somebody else did. */
export const unanswered = (error: ApiError): boolean => error.status === 0 || error.code === `http-${error.status}`;

const RULES = {
  "image-needs-gpu": "common.rule.image-needs-gpu",
  quota: "common.rule.quota",
  "quota-exceeded": "common.rule.quota",
  "machine-unreachable": "common.rule.machine-unreachable",
  "machine-drained": "common.rule.machine-drained",
  "driver-too-old": "common.rule.driver-too-old",
  "too-few-gpus": "common.rule.too-few-gpus",
  "gpus-quarantined": "common.rule.gpus-quarantined",
  "gpus-taken": "common.rule.gpus-taken",
  "too-few-cpus": "common.rule.too-few-cpus",
  "cpus-taken": "common.rule.cpus-taken",
  "too-little-memory": "common.rule.too-little-memory",
  "memory-taken": "common.rule.memory-taken",
} as const satisfies Record<string, Key>;

const isRule = (rule: string): rule is keyof typeof RULES => Object.hasOwn(RULES, rule);

/** Why it does not fit, by the rule's code; English keeps the API's sentence, which has the numbers. */
export function ruleWords(misfit: { rule: string; text: string }, language: Language, t: Translate): Sentence {
  if (language === "en" || !isRule(misfit.rule)) return { text: misfit.text, language: "en" };
  return { text: t(RULES[misfit.rule]), language };
}

const BEYOND_GPUS = ["memory_bytes", "cpus", "gpus_shared"] as const;
type Offer = {
  text: string;
  machine: string;
  wish: { gpus: number } & { [key in (typeof BEYOND_GPUS)[number]]?: unknown };
};

/** What would fit instead, by the machine and the GPUs of the offered wish; what else it changes, the API says. */
export function offerWords(offer: Offer, language: Language, t: Translate): Sentence {
  if (language === "en" || BEYOND_GPUS.some((key) => offer.wish[key])) return { text: offer.text, language: "en" };
  return { text: t("common.offer.gpus", { machine: offer.machine, gpus: offer.wish.gpus }), language };
}
