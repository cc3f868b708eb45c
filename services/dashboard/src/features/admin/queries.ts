import { infiniteQueryOptions, type QueryClient, queryOptions } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "../../api/client";
import { machinesQuery, meQuery } from "../../api/queries";

export type Person = Schemas["People"]["people"][number];
export type Quota = Schemas["Quota"];
export type Act = Omit<Schemas["Audit"]["acts"][number], "facts"> & { facts: Record<string, unknown> };
export type Token = Schemas["Token"];
export type Container = Schemas["Container"];
export type AuditFilter = { actor: string; target: string };
/** With a reason where something is taken from people. */
type Switch<Word extends string> = ({ [K in Word]: true } & { reason: string }) | { [K in Word]: false };
export type AnnouncementWish = { text: string; level: "info" | "warning"; ends_at: string | null };

const AUDIT_PAGE = 50;

export const peopleQuery = () =>
  queryOptions({
    queryKey: ["admin", "people"],
    queryFn: async ({ signal }) => (await answerOf(api.GET("/api/v1/admin/people", { signal }))).people,
  });

export const allContainersQuery = () =>
  queryOptions({
    queryKey: ["admin", "containers"],
    queryFn: async ({ signal }) =>
      (await answerOf(api.GET("/api/v1/containers", { params: { query: { scope: "all" } }, signal }))).containers,
    refetchInterval: 5_000,
  });

export const allTokensQuery = () =>
  queryOptions({
    queryKey: ["admin", "tokens"],
    queryFn: async ({ signal }) => (await answerOf(api.GET("/api/v1/admin/tokens", { signal }))).tokens,
  });

/** The log, newest first, a page at a time. */
export const auditQuery = ({ actor, target }: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ["admin", "audit", actor, target],
    initialPageParam: null as number | null,
    queryFn: async ({ pageParam, signal }) => {
      const query = {
        limit: AUDIT_PAGE,
        ...(pageParam !== null && { before: pageParam }),
        ...(actor !== "" && { actor }),
        ...(target !== "" && { target }),
      };
      return answerOf(api.GET("/api/v1/admin/audit", { params: { query }, signal }));
    },
    getNextPageParam: (last) => last.next_before,
  });

const people = (client: QueryClient) => ({ onSettled: () => client.invalidateQueries(peopleQuery()) });
const machines = (client: QueryClient) => ({ onSettled: () => client.invalidateQueries(machinesQuery()) });
const announcement = (client: QueryClient) => ({ onSettled: () => client.invalidateQueries(meQuery()) });

/** `quota` null: as everybody's. */
export const quotaMutation = (client: QueryClient) => ({
  mutationFn: async ({ name, quota }: { name: string; quota: Quota | null }) => {
    const params = { path: { name } };
    if (quota === null) return answerOf(api.DELETE("/api/v1/admin/people/{name}/quota", { params }));
    return answerOf(api.PUT("/api/v1/admin/people/{name}/quota", { params, body: quota }));
  },
  ...people(client),
});

export const barMutation = (client: QueryClient) => ({
  mutationFn: ({ name, ...body }: { name: string } & Switch<"barred">) =>
    answerOf(api.PUT("/api/v1/admin/people/{name}/barred", { params: { path: { name } }, body })),
  ...people(client),
});

export const logoutMutation = (client: QueryClient) => ({
  mutationFn: (name: string) =>
    answerOf(api.POST("/api/v1/admin/people/{name}/logout", { params: { path: { name } } })),
  ...people(client),
});

export const drainMutation = (client: QueryClient) => ({
  mutationFn: ({ machine, ...body }: { machine: string } & Switch<"drained">) =>
    answerOf(api.PUT("/api/v1/admin/machines/{machine}/drained", { params: { path: { machine } }, body })),
  ...machines(client),
});

export const disableMutation = (client: QueryClient) => ({
  mutationFn: ({ uuid, ...body }: { uuid: string } & Switch<"disabled">) =>
    answerOf(api.PUT("/api/v1/admin/gpus/{uuid}/disabled", { params: { path: { uuid } }, body })),
  ...machines(client),
});

/** Null: nothing is announced any more. */
export const announceMutation = (client: QueryClient) => ({
  mutationFn: async (body: AnnouncementWish | null) =>
    body === null
      ? answerOf(api.DELETE("/api/v1/admin/announcement"))
      : answerOf(api.PUT("/api/v1/admin/announcement", { body })),
  ...announcement(client),
});

export const revokeMutation = (client: QueryClient) => ({
  mutationFn: (token: Token) =>
    answerOf(api.DELETE("/api/v1/admin/tokens/{token_id}", { params: { path: { token_id: token.id } } })),
  onSettled: () => client.invalidateQueries(allTokensQuery()),
});

export const endMutation = (client: QueryClient) => ({
  mutationFn: (container: Container) =>
    answerOf(api.DELETE("/api/v1/containers/{container_id}", { params: { path: { container_id: container.id } } })),
  onSettled: () => client.invalidateQueries(allContainersQuery()),
});
