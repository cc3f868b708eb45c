import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { container, idle, problem } from "../../testing/factories";
import { page, worldOf } from "../../testing/world";
import ja from "../../words/ja";

const warned = (changes = {}) => [container({ idle: idle(changes) })];
const card = async () => within(await screen.findByRole("article", { name: "My container: default" }));

it("a warning says why, how long is left, and that the container can be kept", async () => {
  const world = worldOf({ containers: warned() });
  page();
  const mine = await card();
  expect(mine.getByText(/has been idle for 1 h/)).toBeVisible();
  expect(mine.getByText(/press Keep \(2 times left\)/)).toBeVisible();
  expect(mine.getByText(/^Ends in/)).toHaveTextContent(/Ends in (1 h 0 m|59 m|60 m)/);
  await userEvent.click(mine.getByRole("button", { name: "Keep" }));
  expect(await screen.findByText(/It is kept, as you asked/)).toBeVisible();
  expect(world.kept).toEqual(["ada--default"]);
  expect(screen.queryByRole("button", { name: "Keep" })).toBeNull();
  expect(screen.queryByText(/^Ends in/)).toBeNull();
});

it("a refusal says why, and the warning stays", async () => {
  worldOf({
    containers: warned(),
    keep: problem(409, "no-extension-left", "You have kept it as often as you may today"),
  });
  page();
  await userEvent.click((await card()).getByRole("button", { name: "Keep" }));
  expect(await screen.findByText("You have kept it as often as you may today")).toBeVisible();
  expect(screen.getByText(/has been idle for 1 h/)).toBeVisible();
});

it("without an extension left there is nothing to click", async () => {
  worldOf({ containers: warned({ extensions_left: 0 }) });
  page();
  expect((await card()).getByText(/^Ends in/)).toBeVisible();
  expect(screen.getByText("To keep it, use it.")).toBeVisible();
  expect(screen.queryByRole("button", { name: "Keep" })).toBeNull();
});

it("an end is said, without a countdown and without a button", async () => {
  worldOf({ containers: warned({ state: "ending", stop_at: null }) });
  page();
  expect((await card()).getByText(/ends now: it has been idle for 1 h 0 m/)).toBeVisible();
  expect(screen.queryByText(/^Ends in/)).toBeNull();
  expect(screen.queryByRole("button", { name: "Keep" })).toBeNull();
});

it("names the GPUs that others could use, in the language of the person", async () => {
  worldOf({ containers: [container({ gpus: ["GPU-1", "GPU-2"], idle: idle() })] });
  page("/", { language: "ja", catalogue: ja });
  expect(await screen.findByText(/他の人が使える GPU を 2 基/)).toBeVisible();
  expect(screen.getByRole("button", { name: "維持する" })).toBeVisible();
});

it("leaves the API's own English where it is not known how long it was idle", async () => {
  worldOf({ containers: warned({ idle_seconds: null, sentence: "It is idle." }) });
  page();
  expect(await screen.findByText("It is idle.")).toHaveAttribute("lang", "en");
});

it.each([
  ["nobody judges", null],
  ["it is a dry run", idle({ dry_run: true })],
  ["it is in use", idle({ state: "kept", reason: "in_use", stop_at: null })],
  ["it is unknown", idle({ state: "unknown", reason: "gpu_unknown", stop_at: null })],
])("nothing is said while %s", async (_, told) => {
  worldOf({ containers: [container({ idle: told })] });
  page();
  expect((await card()).getByRole("link", { name: "Open JupyterLab" })).toBeVisible();
  expect(screen.queryByText(/has been idle/)).toBeNull();
  expect(screen.queryByText(/^Ends in/)).toBeNull();
});
