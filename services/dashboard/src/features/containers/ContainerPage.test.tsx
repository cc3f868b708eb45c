import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { admin, booting, container, containerHistory, happening, log, problem } from "../../testing/factories";
import { page, type World, worldOf } from "../../testing/world";

const here = (changes: Partial<World> = {}) => {
  const world = worldOf({ containers: [container()], ...changes });
  page("/containers/ada--default");
  return world;
};
const section = async (name: string) => within(await screen.findByRole("region", { name }));

it("is waited for", async () => {
  here({ silent: true });
  expect(await screen.findByRole("status", { name: "Loading your container" })).toBeVisible();
});

it("tells what a container is, where it runs and what it may take", async () => {
  here();
  expect(await screen.findByRole("heading", { level: 1, name: "Container default" })).toBeVisible();
  expect(screen.getByRole("link", { name: "Open JupyterLab" })).toHaveAttribute("href", "/user/ada/");
  const facts = await section("Facts and limits");
  expect(await facts.findByText("JupyterLab")).toBeVisible();
  for (const text of ["gpu-01", "4.0 GiB", "64.0 MiB", "4,096", "none", "2.3 s"]) {
    expect(facts.getByText(text)).toBeVisible();
  }
  expect(facts.getByText("—")).toBeVisible();
});

it("tells what happened, the newest first, with the time and the reason", async () => {
  here({
    events: [
      happening(),
      happening({ id: "019aaf5d1c00-0000000002", kind: "container.ready", facts: { seconds: 2.31 } }),
      happening({ id: "019aaf5d1c00-0000000003", kind: "container.lost" }),
      happening({ id: "019aaf5d1c00-0000000004", kind: "container.failed", facts: { reason: "Out of memory." } }),
    ],
  });
  const timeline = await section("Timeline");
  const lines = (await timeline.findAllByRole("listitem")).map((line) => line.textContent);
  expect(lines.map((line) => line?.replace(/Nov 23.*/, ""))).toEqual([
    "FailedOut of memory.",
    "Lost: gpu-01 does not answer",
    "Ready after 2.3 s",
    "Asked for",
  ]);
});

it("says that nothing is known of what happened, and when it cannot be asked", async () => {
  const world = here();
  const timeline = await section("Timeline");
  expect(await timeline.findByText(/Nothing is known yet/)).toBeVisible();
  world.events = problem(503, "broker-unavailable", "Events cannot be told now");
  expect(await timeline.findByText("Events cannot be told now")).toBeVisible();
});

it("has a table of each curve for those who do not see it, a dash where nothing was reported", async () => {
  const gpu = { uuid: "GPU-1", index: 0, machine_utilization_ratio: [0.9, null, 0.1], memory_used_bytes: [null] };
  const series = { memory_used_bytes: [2 ** 30, null, 2 ** 31], cpu_ratio: [null] };
  here({ containerHistory: containerHistory({ gpus: [gpu], series }) });
  const use = await section("Use");
  const load = within(await use.findByRole("table", { name: "Load of the whole GPU" }));
  expect(load.getAllByRole("cell").map((cell) => cell.textContent)).toEqual(["90%", "—", "10%"]);
  const memory = within(use.getByRole("table", { name: "Memory (limit 4.0 GiB)" }));
  expect(memory.getAllByRole("cell").map((cell) => cell.textContent)).toEqual(["1.0 GiB", "—", "2.0 GiB"]);
});

it("says where nobody reported anything, and draws no curve", async () => {
  here();
  const use = await section("Use");
  expect(await use.findAllByText("Nobody reported anything in this time.")).toHaveLength(2);
  expect(use.queryByRole("table")).toBeNull();
});

it("asks for the range that is chosen", async () => {
  here();
  const use = await section("Use");
  expect(use.getByRole("button", { name: "1 hour" })).toHaveAttribute("aria-pressed", "true");
  await userEvent.click(use.getByRole("button", { name: "7 days" }));
  expect(use.getByRole("button", { name: "7 days" })).toHaveAttribute("aria-pressed", "true");
});

it("says that there are no numbers, while everything else is shown", async () => {
  here({ containerHistory: problem(503, "metrics-unavailable", "There are no numbers now") });
  expect(await (await section("Use")).findByText("There are no numbers now")).toBeVisible();
  expect(await screen.findByText("Jupyter Server is running.")).toBeVisible();
});

it("shows the log's end, and reads it again when asked", async () => {
  const world = here({ log: log({ truncated: true }) });
  const shown = await section("Log");
  expect(await shown.findByText("Jupyter Server is running.")).toBeVisible();
  expect(shown.getByText("Older lines are left out.")).toBeVisible();
  expect(shown.getByRole("button", { name: "Show 1,000 lines" })).toBeVisible();
  world.log = log({ lines: ["<b>a later line</b>"] });
  await userEvent.click(shown.getByRole("button", { name: "Refresh" }));
  expect(await shown.findByText("<b>a later line</b>")).toBeVisible();
});

it.each([
  ["none is kept", { log: log({ lines: null }) }, "No log is kept of this container."],
  ["it is empty", { log: log({ lines: [] }) }, "It has written nothing."],
  [
    "it cannot be read",
    { log: problem(503, "broker-unavailable", "The log cannot be read now") },
    "The log cannot be read now",
  ],
])("says of the log that %s", async (_, changes, text) => {
  here(changes);
  expect(await (await section("Log")).findByText(text)).toBeVisible();
});

it("of a container that is gone tells what happened to it, and leads back", async () => {
  here({ containers: [], events: [happening({ kind: "container.ended" })] });
  expect(await screen.findByText("There is no such container")).toBeVisible();
  expect(await screen.findByText("Ended; the home is kept")).toBeVisible();
  expect(screen.getByRole("link", { name: "To my containers" })).toHaveAttribute("href", "/");
});

it("of somebody else's container shows nothing", async () => {
  here({ containers: problem(403, "not-yours", "That container is not yours") });
  expect(await screen.findByText("That container is not yours")).toBeVisible();
  expect(screen.queryByRole("region", { name: "Timeline" })).toBeNull();
  expect(screen.queryByRole("button", { name: "Stop" })).toBeNull();
});

it("shows an admin whose it is, and opens nobody's notebook", async () => {
  here({ me: admin() });
  expect(await screen.findByRole("heading", { level: 1, name: "Container ada / default" })).toBeVisible();
  expect(screen.getByRole("button", { name: "Stop" })).toBeEnabled();
  expect(screen.queryByRole("link", { name: "Open JupyterLab" })).toBeNull();
});

it("keeps what was known, with its age, when nobody answers any more", async () => {
  const world = here();
  await screen.findByRole("link", { name: "Open JupyterLab" });
  world.unreachable = true;
  expect(await screen.findByText(/^This is \d+ s old/)).toBeVisible();
  expect(screen.getByRole("link", { name: "Open JupyterLab" })).toBeVisible();
  world.unreachable = false;
  await waitFor(() => expect(screen.queryByText(/^This is \d+ s old/)).toBeNull());
});

it("shows a start on its way, which can be cancelled", async () => {
  const world = here({ containers: [booting()] });
  expect(await screen.findByRole("group", { name: "Starting …" })).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Cancel start" }));
  await waitFor(() => expect(world.stopped).toEqual(["ada--default"]));
});

it("shows a start that failed with the way on, and no options, which are on the first page", async () => {
  here({ containers: [container({ state: "failed", reason: "Jupyter ended." })] });
  expect(await screen.findByText("Jupyter ended.")).toBeVisible();
  expect(await screen.findByRole("button", { name: "Try again" })).toBeEnabled();
  expect(screen.queryByRole("button", { name: "Options" })).toBeNull();
});
