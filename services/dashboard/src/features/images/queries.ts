import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "../../api/client";

export type Image = Schemas["Images"]["images"][number];
export type Where = Image["machines"][number];
export type Presence = Schemas["ImagePresence"];

const EACH_MS = 2_000;
const MANY = 1_000; // machines times images
const MANY_EACH_MS = 5_000;

const cells = (images: readonly Image[]) => images.reduce((sum, image) => sum + image.machines.length, 0);

export const imagesQuery = () =>
  queryOptions({
    queryKey: ["images"],
    queryFn: async ({ signal }) => (await answerOf(api.GET("/api/v1/images", { signal }))).images,
    refetchInterval: (query) => (cells(query.state.data ?? []) > MANY ? MANY_EACH_MS : EACH_MS),
  });

/** What is fetched where; null: to all that answer. */
export type Fetch = { image: string; machines: string[] | null };

export const fetchMutation = (client: QueryClient) => ({
  mutationFn: ({ image, machines }: Fetch) =>
    answerOf(api.POST("/api/v1/admin/images/{image}/pull", { params: { path: { image } }, body: { machines } })),
  onSettled: () => client.invalidateQueries(imagesQuery()),
});
