import type { Schemas } from "../../api/client";
import en from "../../words/en";
import type { Key } from "../../words/Words";
import type { Wish } from "./queries";

/** Another wish that fits now, and where. */
export type Offer = { machine: string; wish: Wish };

type Told = { machine?: unknown; wish?: Schemas["Wish"] };

/** What fits instead, out of an explanation or a refusal; what is no offer is left out. */
export function offersOf(told: unknown): Offer[] {
  if (!Array.isArray(told)) return [];
  return told.flatMap(({ machine, wish }: Told) =>
    typeof machine === "string" && typeof wish?.gpus === "number"
      ? [{ machine, wish: { machine: wish.machine ?? null, image: wish.image ?? null, gpus: wish.gpus } }]
      : [],
  );
}

const isKey = (key: string): key is Key => Object.hasOwn(en, key);

/** The key of the sentence for a rule that stops a start. */
export function whyKey(rule: string): Key {
  const key = `start.why.${rule}`;
  return isKey(key) ? key : "start.why.other";
}
