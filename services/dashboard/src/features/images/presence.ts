import type { Image, Presence, Where } from "./queries";

export type Counts = Record<Presence | "failed", number>;
/** Which machines are shown: all, those that lack an image, those to which one is on its way. */
export type Filter = "all" | "lacking" | "fetching";

export type Row = { machine: string; cells: readonly (Where | undefined)[] };

/** On how many machines an image is what. */
export function counted(image: Image): Counts {
  const counts: Counts = { present: 0, absent: 0, pulling: 0, unknown: 0, failed: 0 };
  for (const each of image.machines) {
    counts[each.state] += 1;
    if (each.error !== null) counts.failed += 1;
  }
  return counts;
}

/** The table: a row for each machine, in it one cell for each image. */
export function rowsOf(images: readonly Image[]): Row[] {
  const where = images.map((image) => new Map(image.machines.map((each) => [each.machine, each])));
  const machines = [...new Set(images.flatMap((image) => image.machines.map((each) => each.machine)))].sort();
  return machines.map((machine) => ({ machine, cells: where.map((each) => each.get(machine)) }));
}

const STATES: Record<Filter, readonly Presence[]> = {
  all: [],
  lacking: ["absent"],
  fetching: ["pulling"],
};

/** The rows that somebody looks for. */
export function filtered(rows: readonly Row[], filter: Filter, search: string): Row[] {
  const text = search.trim().toLowerCase();
  const states = STATES[filter];
  return rows.filter(
    ({ machine, cells }) =>
      machine.toLowerCase().includes(text) &&
      (filter === "all" || cells.some((cell) => cell !== undefined && states.includes(cell.state))),
  );
}

/** How much of an image is there, from 0 to 1; null where nobody tells. */
export function ratioOf({ pulled_bytes, total_bytes }: Where): number | null {
  if (pulled_bytes === null || total_bytes === null || total_bytes === 0) return null;
  return Math.min(1, pulled_bytes / total_bytes);
}
