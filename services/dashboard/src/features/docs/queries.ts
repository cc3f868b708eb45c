import { queryOptions } from "@tanstack/react-query";
import { answerOf, api } from "../../api/client";

export const CONTRACT = "/api/v1/openapi.json";

/** Without what is for Shiva's own services: nothing outside /api is reachable through the door. */
function forPeople(contract: object): object {
  const paths = "paths" in contract ? Object.entries(contract.paths as object) : [];
  return { ...contract, paths: Object.fromEntries(paths.filter(([path]) => path.startsWith("/api/"))) };
}

/** The API's own description of itself. */
export const contractQuery = () =>
  queryOptions({
    queryKey: ["contract"],
    queryFn: async ({ signal }) => forPeople(await answerOf(api.GET(CONTRACT, { signal }))),
    staleTime: Number.POSITIVE_INFINITY,
  });
