import { spelled } from "../../components/format";
import type { Machine } from "./queries";

export const STATES = ["free", "partly_free", "full", "closed", "stale", "unreachable"] as const;
export const SORTS = ["free", "name", "load", "temperature"] as const;
export type Sort = (typeof SORTS)[number];

/** In which order, and the other way round. */
export type Order = { sort: Sort; reversed: boolean };

/** Which machines somebody wants to see; an empty list of states or models is all of them. */
export type Choice = {
  text: string;
  states: readonly Machine["state"][];
  models: readonly string[];
  freeGpu: boolean;
  mine: boolean;
};
export const ALL: Choice = { text: "", states: [], models: [], freeGpu: false, mine: false };

const mean = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / values.length;
const told = (values: readonly (number | null)[]) => values.filter((each) => each !== null);

/** The busier of its CPUs and its GPUs on average, from 0 to 1; null when nobody told. */
export function load(machine: Machine): number | null {
  const gpus = told(machine.gpus.map((gpu) => gpu.utilization_ratio));
  const known = told([machine.cpu_ratio, gpus.length === 0 ? null : mean(gpus)]);
  return known.length === 0 ? null : Math.max(...known);
}

/** Of its hottest part; null when nobody told. */
export function hottest(machine: Machine): number | null {
  const known = told([machine.temperature_celsius, ...machine.gpus.map((gpu) => gpu.temperature_celsius)]);
  return known.length === 0 ? null : Math.max(...known);
}

// In steps, so that neighbours do not change places with every reading.
const step = (value: number | null, size: number) => (value === null ? null : Math.round(value / size));

const VALUE: Record<Sort, (machine: Machine) => number | null> = {
  free: (machine) => STATES.indexOf(machine.state),
  name: () => 0,
  load: (machine) => step(load(machine), 0.1),
  temperature: (machine) => step(hottest(machine), 5),
};

const COLLATOR = new Intl.Collator(undefined, { numeric: true });

/** Sorted; a machine whose value nobody told is last, whichever way round. */
export function inOrder(machines: readonly Machine[], { sort, reversed }: Order): Machine[] {
  const sign = reversed ? -1 : 1;
  return machines
    .map((machine) => ({ machine, value: VALUE[sort](machine) }))
    .sort((a, b) => {
      if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
      const names = COLLATOR.compare(a.machine.name, b.machine.name);
      return sign * (a.value - b.value) || (sort === "name" ? sign * names : names);
    })
    .map(({ machine }) => machine);
}

/** Who has something there, as their names are kept. */
function people(machine: Machine): string[] {
  const onGpus = machine.gpus.flatMap((gpu) => [...gpu.users, ...(gpu.holder ? [gpu.holder] : [])]);
  return [...machine.containers, ...onGpus].map((each) => each.owner);
}

const plain = (text: string) => text.normalize("NFKC").toLowerCase();

function found(machine: Machine, text: string): boolean {
  const words = plain(text).split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const all = plain(
    [machine.name, ...people(machine).map(spelled), ...machine.gpus.map((gpu) => gpu.model)].join("\n"),
  );
  return words.every((word) => all.includes(word));
}

const among = <T>(wanted: readonly T[], has: readonly T[]) =>
  wanted.length === 0 || has.some((each) => wanted.includes(each));

/** Those that `choice` asks for; `me`: whose "mine" is. */
export function chosen(machines: readonly Machine[], choice: Choice, me: string | null): Machine[] {
  return machines.filter(
    (machine) =>
      among(choice.states, [machine.state]) &&
      among(
        choice.models,
        machine.gpus.map(({ model }) => model),
      ) &&
      (!choice.freeGpu || (machine.gpus_free ?? 0) > 0) &&
      (!choice.mine || (me !== null && people(machine).includes(me))) &&
      found(machine, choice.text),
  );
}

/** The GPU models that there are, each once. */
export function modelsOf(machines: readonly Machine[]): string[] {
  return [...new Set(machines.flatMap((machine) => machine.gpus.map((gpu) => gpu.model)))].sort(COLLATOR.compare);
}

/** `machines` as they stood in `before`, new ones behind: nothing moves under a pointer or a focus. */
export function asBefore(machines: readonly Machine[], before: readonly string[]): Machine[] {
  const place = new Map(before.map((name, index) => [name, index]));
  const of = (machine: Machine) => place.get(machine.name) ?? before.length;
  return [...machines].sort((a, b) => of(a) - of(b));
}
