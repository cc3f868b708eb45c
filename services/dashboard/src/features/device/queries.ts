import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "../../api/client";

export type Device = Schemas["Device"];
export type Decision = { approve: true; expires_in_days: number } | { approve: false };

/** What waits behind a code. */
export const deviceQuery = (code: string) =>
  queryOptions({
    queryKey: ["device", code],
    queryFn: ({ signal }) =>
      answerOf(api.GET("/api/v1/device/{user_code}", { params: { path: { user_code: code } }, signal })),
  });

export const decideMutation = (client: QueryClient, code: string) => ({
  mutationFn: (body: Decision) =>
    answerOf(api.POST("/api/v1/device/{user_code}", { params: { path: { user_code: code } }, body })),
  onSettled: () => client.invalidateQueries(deviceQuery(code)),
});

/** A code as it is written, however it was typed: eight letters with a dash between; null when it is none. */
export function codeOf(typed: string): string | null {
  const letters = typed.normalize("NFKC").toUpperCase().replace(/[\s-]/g, "");
  return /^[A-Z0-9]{8}$/.test(letters) ? `${letters.slice(0, 4)}-${letters.slice(4)}` : null;
}
