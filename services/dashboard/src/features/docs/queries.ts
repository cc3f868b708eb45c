import { queryOptions } from "@tanstack/react-query";
import { answerOf, api } from "../../api/client";

export const CONTRACT = "/api/v1/openapi.json";

/** The API's own description of itself. */
export const contractQuery = () =>
  queryOptions({
    queryKey: ["contract"],
    queryFn: ({ signal }) => answerOf(api.GET(CONTRACT, { signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });
