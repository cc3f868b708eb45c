import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { ApiError, answerOf, api, type Schemas } from "../../api/client";
import { soon } from "../../api/live";

export type Container = Schemas["Container"];
export type Explanation = Schemas["Explanation"];
export type Wish = { machine: string | null; image: string | null; gpus: number };
export type Range = "1h" | "6h" | "24h" | "7d";

/** One press of a button that starts. `key`: with it, asking again starts nothing twice; `predicted`: seconds, null where unknown. */
export type Press = { wish: Wish; key: string; predicted: number | null };

const SETTLED = new Set<Container["state"]>(["ready", "failed", "lost"]);
const UNANSWERED = new Set(["unreachable", "start-unanswered", "manager-unavailable", "http-502", "http-504"]);
const MOVING_MS = 250;
const AT_REST_MS = 1_500;

/** Whether a container is on its way to another state. */
export const isMoving = (container: Container): boolean => !SETTLED.has(container.state);

/** Whether a container is on its way to be ready. */
export const isStarting = (container: Container): boolean => isMoving(container) && container.state !== "stopping";

/** Whether nobody knows if what was asked for came about. */
export const isUnanswered = (error: Error | null): boolean => error instanceof ApiError && UNANSWERED.has(error.code);

/** A key for a new press; also where the browser has no `randomUUID`, which is on plain HTTP. */
export const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

export const containersQuery = () =>
  queryOptions({
    queryKey: ["containers"],
    queryFn: async ({ signal }) => (await answerOf(api.GET("/api/v1/containers", { signal }))).containers,
    refetchInterval: (query) => (query.state.data?.some(isMoving) ? MOVING_MS : AT_REST_MS),
  });

const at = (container_id: string) => ({ params: { path: { container_id } } });

export const containerQuery = (id: string) =>
  queryOptions({
    queryKey: ["containers", id],
    queryFn: ({ signal }) => answerOf(api.GET("/api/v1/containers/{container_id}", { ...at(id), signal })),
    refetchInterval: (query) => (query.state.data && isMoving(query.state.data) ? MOVING_MS : AT_REST_MS),
  });

export const imagesQuery = () =>
  queryOptions({
    queryKey: ["images"],
    queryFn: async ({ signal }) => (await answerOf(api.GET("/api/v1/images", { signal }))).images,
    staleTime: 60_000,
  });

/** Whether a wish fits now; forgotten at once when nobody looks, so that no old answer is shown. */
export const explainQuery = (wish: Wish) =>
  queryOptions({
    queryKey: ["explain", wish.machine, wish.image, wish.gpus],
    queryFn: ({ signal }) =>
      answerOf(api.POST("/api/v1/containers/explain", { body: { ...wish, name: "default" }, signal: soon(signal) })),
    refetchInterval: 5_000,
    gcTime: 0,
  });

export const eventsQuery = (container: string) =>
  queryOptions({
    queryKey: ["events", container],
    queryFn: async ({ signal }) =>
      (await answerOf(api.GET("/api/v1/events", { params: { query: { container } }, signal }))).events,
    refetchInterval: 2_000,
  });

export const historyQuery = (id: string, range: Range) =>
  queryOptions({
    queryKey: ["containers", id, "history", range],
    queryFn: ({ signal }) => {
      const params = { path: { container_id: id }, query: { range } };
      return answerOf(api.GET("/api/v1/containers/{container_id}/history", { params, signal }));
    },
    refetchInterval: (query) => (query.state.data?.step_seconds ?? 15) * 1_000,
  });

/** The end of a log; read when somebody looks or asks again, never by itself: an admin's look is noted. */
export const logQuery = (id: string, lines: number) =>
  queryOptions({
    queryKey: ["containers", id, "log", lines],
    queryFn: ({ signal }) => {
      const params = { path: { container_id: id }, query: { lines } };
      return answerOf(api.GET("/api/v1/containers/{container_id}/log", { params, signal }));
    },
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });

const predictedKey = (container: Container) => ["predicted", container.id, container.requested_at];

/** What was predicted when this page asked for it, in seconds; null: unknown, or another page asked. */
export const predictedFor = (client: QueryClient, container: Container): number | null =>
  client.getQueryData<number>(predictedKey(container)) ?? null;

function put(client: QueryClient, container: Container) {
  client.setQueryData(containersQuery().queryKey, (known) => [
    ...(known ?? []).filter((each) => each.id !== container.id),
    container,
  ]);
}

export const startMutation = (client: QueryClient) => ({
  mutationFn: ({ wish, key }: Press) =>
    answerOf(
      api.POST("/api/v1/containers", {
        params: { header: { "Idempotency-Key": key } },
        body: { ...wish, name: "default" },
      }),
    ),
  retry: (failed: number, error: Error) => failed < 4 && isUnanswered(error),
  retryDelay: (failed: number) => Math.min(500 * 2 ** failed, 4_000),
  onSuccess: (container: Container, { predicted }: Press) => {
    if (predicted !== null) client.setQueryData(predictedKey(container), predicted);
    put(client, container);
    void client.invalidateQueries({ queryKey: ["machines"] });
  },
  onError: () => client.invalidateQueries({ queryKey: ["containers"] }),
});

export const stopMutation = (client: QueryClient) => ({
  mutationFn: (container: Container) => answerOf(api.DELETE("/api/v1/containers/{container_id}", at(container.id))),
  onSuccess: (_: unknown, container: Container) => {
    const stopping: Container = { ...container, state: "stopping" };
    client.setQueryData(containersQuery().queryKey, (known) =>
      known?.map((each) => (each.id === container.id ? stopping : each)),
    );
    client.setQueryData(containerQuery(container.id).queryKey, (known) => known && stopping);
    return client.invalidateQueries({ queryKey: ["machines"] });
  },
});

export const keepMutation = (client: QueryClient) => ({
  mutationFn: (container: Container) =>
    answerOf(api.POST("/api/v1/containers/{container_id}/extend", at(container.id))),
  onSettled: () => client.invalidateQueries({ queryKey: ["containers"] }),
});
