import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "../../api/client";

export const RANGES = ["24h", "7d", "30d"] as const;
export type Range = (typeof RANGES)[number];
export type Usage = Schemas["Usage"];

/** Seconds of GPUs that were held, and held and busy; null: nobody recorded it. */
export type Sums = { held: number | null; used: number | null };
export type Row = Sums & { name: string; gpus?: number | null };

/** Who held and used how many GPUs; another range shows the last one until it is there. */
export const usageQuery = (range: Range) =>
  queryOptions({
    queryKey: ["usage", range],
    queryFn: ({ signal }) => answerOf(api.GET("/api/v1/usage", { params: { query: { range } }, signal })),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    refetchInterval: 60_000,
  });

const sum = (parts: (number | null)[]) =>
  parts.reduce((all, part) => (all === null || part === null ? null : all + part), 0);

/** All of it; one part that nobody recorded leaves the sum unknown. */
export const total = (rows: readonly Sums[]): Sums => ({
  held: sum(rows.map((row) => row.held)),
  used: sum(rows.map((row) => row.used)),
});

/** How much of the held time was used, from 0; null: not known, or nothing was held. */
export const share = ({ held, used }: Sums) => (held === null || used === null || held === 0 ? null : used / held);

/** The most held first, what nobody recorded last. */
const mostFirst = (rows: Row[]) =>
  rows.sort((one, other) => (other.held ?? -1) - (one.held ?? -1) || one.name.localeCompare(other.name));

export const byPerson = (usage: Usage): Row[] =>
  mostFirst(
    usage.people.map((each) => ({ name: each.owner, held: each.gpu_seconds_held, used: each.gpu_seconds_used })),
  );

export const byMachine = (usage: Usage): Row[] =>
  mostFirst(
    usage.machines.map((each) => ({
      name: each.machine,
      held: each.gpu_seconds_held,
      used: each.gpu_seconds_used,
      gpus: each.gpus,
    })),
  );
