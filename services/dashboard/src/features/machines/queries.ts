import type { Schemas } from "../../api/client";

export type Machine = Schemas["Machine"];
export type Gpu = Schemas["Gpu"];
export type Overview = Schemas["Machines"];

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
