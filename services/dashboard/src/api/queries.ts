import { queryOptions } from "@tanstack/react-query";
import { aged, ageOf } from "./ages";
import { answerOf, api, type Schemas } from "./client";

export type Me = Schemas["Me"];
export type Scope = Schemas["Scopes"][number];

/** Who is asking, and what everybody is told; asked again now and then for the announcement's sake. */
export const meQuery = () =>
  queryOptions({
    queryKey: ["me"],
    queryFn: ({ signal }) => answerOf(api.GET("/api/v1/me", { signal })),
    staleTime: 30_000,
    refetchInterval: (query) => (query.state.data ? 30_000 : 2_000),
  });

export const machinesQuery = () =>
  queryOptions({
    queryKey: ["machines"],
    queryFn: async ({ signal }) => {
      const call = api.GET("/api/v1/machines", { signal });
      const overview = await answerOf(call);
      return aged(overview, ageOf((await call).response));
    },
    refetchInterval: 2_000,
  });
