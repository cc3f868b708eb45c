import { queryOptions, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { answerOf, api, type Schemas } from "./client";
import { askMachines, machinesPause, type Overview, overviewAt, soon, useLateness } from "./live";

export type Me = Schemas["Me"];
export type Scope = Schemas["Scopes"][number];

/** Who is asking, and what everybody is told; asked again now and then for the announcement's sake. */
export const meQuery = () =>
  queryOptions({
    queryKey: ["me"],
    queryFn: ({ signal }) => answerOf(api.GET("/api/v1/me", { signal: soon(signal) })),
    staleTime: 30_000,
    refetchInterval: (query) => (query.state.data ? 30_000 : 2_000),
  });

/** The machines as they were last told. Views want `useMachines`, which lets them grow old. */
export const machinesQuery = () =>
  queryOptions({
    queryKey: ["machines"],
    queryFn: ({ client, queryKey, signal }) => askMachines(client.getQueryData<Overview>(queryKey), signal),
    refetchInterval: (query) => machinesPause(query.state.data),
  });

/**
 * The machines as they may be shown now: while Shiva is away the last ones, with ages that grow, and nothing called free
 * that was last seen so a while ago. `late` is 0, or the whole seconds since the overview was made.
 */
export function useMachines() {
  const { data, error, isPending } = useQuery(machinesQuery());
  const late = useLateness(data?.born);
  const overview = useMemo(() => data && overviewAt(data, late), [data, late]);
  return { overview, late, error, isPending };
}
