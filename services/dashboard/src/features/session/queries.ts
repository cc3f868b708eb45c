import { queryOptions } from "@tanstack/react-query";
import { answerOf, api } from "../../api/client";

export const sessionQuery = () =>
  queryOptions({
    queryKey: ["session"],
    queryFn: ({ signal }) => answerOf(api.GET("/api/v1/session", { signal })),
    staleTime: 60_000,
    refetchInterval: (query) => (query.state.data ? false : 2_000),
  });
