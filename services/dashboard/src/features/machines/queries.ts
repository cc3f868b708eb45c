import { queryOptions } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "../../api/client";

export type Machine = Schemas["Machine"];
export type Gpu = Schemas["Gpu"];
export type Overview = Schemas["Machines"];

export const machinesQuery = () =>
  queryOptions({
    queryKey: ["machines"],
    queryFn: ({ signal }) => answerOf(api.GET("/api/v1/machines", { signal })),
    refetchInterval: 2_000,
  });

const RANK: Record<Machine["state"], number> = {
  free: 0,
  partly_free: 1,
  full: 2,
  closed: 3,
  stale: 4,
  unreachable: 5,
};

/** Free ones first, then by name. */
export function freeFirst(machines: readonly Machine[]): Machine[] {
  return [...machines].sort((a, b) => RANK[a.state] - RANK[b.state] || a.name.localeCompare(b.name));
}
