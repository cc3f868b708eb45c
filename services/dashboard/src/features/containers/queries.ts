import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { type ApiError, answerOf, api, type Schemas } from "../../api/client";

export type Container = Schemas["Container"];
export type Wish = { machine: string | null; image: string | null; gpus: number };

const SETTLED = new Set<Container["state"]>(["ready", "failed", "lost"]);

/** Whether a container is on its way to another state. */
export const isMoving = (container: Container): boolean => !SETTLED.has(container.state);

export const containersQuery = () =>
  queryOptions({
    queryKey: ["containers"],
    queryFn: async ({ signal }) => (await answerOf(api.GET("/api/v1/containers", { signal }))).containers,
    refetchInterval: (query) => (query.state.data?.some(isMoving) ? 250 : 2_000),
  });

export const imagesQuery = () =>
  queryOptions({
    queryKey: ["images"],
    queryFn: async ({ signal }) => (await answerOf(api.GET("/api/v1/images", { signal }))).images,
    staleTime: 60_000,
  });

function put(client: QueryClient, container: Container) {
  client.setQueryData(containersQuery().queryKey, (known) => [
    ...(known ?? []).filter((each) => each.id !== container.id),
    container,
  ]);
}

export const startMutation = (client: QueryClient) => ({
  mutationFn: (wish: Wish) => answerOf(api.POST("/api/v1/containers", { body: { ...wish, name: "default" } })),
  onSuccess: (container: Container) => put(client, container),
  onError: (_: ApiError) => client.invalidateQueries({ queryKey: ["containers"] }),
});

export const stopMutation = (client: QueryClient) => ({
  mutationFn: (container: Container) =>
    answerOf(api.DELETE("/api/v1/containers/{container_id}", { params: { path: { container_id: container.id } } })),
  onSuccess: (_: unknown, container: Container) => {
    put(client, { ...container, state: "stopping" });
    return client.invalidateQueries({ queryKey: ["machines"] });
  },
});

export const keepMutation = (client: QueryClient) => ({
  mutationFn: (container: Container) =>
    answerOf(
      api.POST("/api/v1/containers/{container_id}/extend", { params: { path: { container_id: container.id } } }),
    ),
  onSettled: () => client.invalidateQueries({ queryKey: ["containers"] }),
});
