import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "../../api/client";

export type Token = Schemas["Token"];
export type TokenWish = { label: string; scopes: Schemas["Scopes"]; expires_in_days: number };

export const tokensQuery = () =>
  queryOptions({
    queryKey: ["tokens"],
    queryFn: async ({ signal }) => (await answerOf(api.GET("/api/v1/tokens", { signal }))).tokens,
  });

const renewed = (client: QueryClient) => () => client.invalidateQueries(tokensQuery());

export const createMutation = (client: QueryClient) => ({
  mutationFn: (body: TokenWish) => answerOf(api.POST("/api/v1/tokens", { body })),
  onSuccess: renewed(client),
});

export const revokeMutation = (client: QueryClient) => ({
  mutationFn: (token: Token) =>
    answerOf(api.DELETE("/api/v1/tokens/{token_id}", { params: { path: { token_id: token.id } } })),
  onSettled: renewed(client),
});
