import type { Schemas } from "../../api/client";
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

const RULES = [
  "image-needs-gpu",
  "quota",
  "quota-exceeded",
  "machine-unreachable",
  "machine-drained",
  "driver-too-old",
  "too-few-gpus",
  "gpus-quarantined",
  "gpus-taken",
  "too-few-cpus",
  "cpus-taken",
  "too-little-memory",
  "memory-taken",
] as const;

/** The key of the sentence for a rule that stops a start; a rule that is new here has a sentence that says no more than that. */
export function whyKey(rule: string): Key {
  const known = RULES.find((each) => each === rule);
  return known === undefined ? "start.why.other" : `start.why.${known}`;
}
