import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { gpu, machine, overview } from "../../testing/factories";
import { shown, worldOf } from "../../testing/world";
import { MachineGrid } from "./MachineGrid";

const tenant = { id: "ada--default", owner: "ada", name: "default", state: "ready", since: null, gpus: 0 } as const;
const MACHINES = [
  machine({ name: "gpu-01", state: "full", gpus_free: 0, cpu_ratio: 0.9, containers: [tenant] }),
  machine({
    name: "gpu-02",
    state: "free",
    cpu_ratio: 0.1,
    gpus: [gpu({ model: "NVIDIA A100", utilization_ratio: 0 })],
  }),
  machine({ name: "gpu-03", state: "partly_free", cpu_ratio: 0.6 }),
];

async function grid() {
  worldOf({ machines: overview(MACHINES) });
  shown(<MachineGrid onStart={null} />);
  await screen.findByText("gpu-01");
  await screen.findByRole("searchbox");
}
const cards = () => screen.queryAllByRole("heading", { level: 3 }).map((each) => each.textContent);
const press = (name: string) => userEvent.click(screen.getByRole("button", { name }));

describe("whoever looks for a machine", () => {
  it("searches, by name, person and model, and reads how many were found", async () => {
    await grid();
    const search = screen.getByRole("searchbox", { name: "Search machines" });
    expect(search).toHaveAttribute("data-shortcut", "search");
    await userEvent.type(search, "a100");
    expect(await screen.findByText("1 of 3 machines")).toBeVisible();
    expect(cards()).toEqual(["gpu-02"]);
  });

  it("is told that none matches, and shows all again", async () => {
    await grid();
    await userEvent.type(screen.getByRole("searchbox"), "nothing like it");
    expect(await screen.findByText("No machine matches")).toBeVisible();
    await press("Show all machines");
    expect(await screen.findAllByRole("article")).toHaveLength(3);
    expect(screen.getByRole("searchbox")).toHaveValue("");
  });

  it("asks for a free GPU", async () => {
    await grid();
    await press("Free GPU");
    expect(screen.getByRole("button", { name: "Free GPU" })).toHaveAttribute("aria-pressed", "true");
    expect(cards()).toEqual(["gpu-02", "gpu-03"]);
    await press("Free GPU");
    expect(cards()).toHaveLength(3);
  });

  it("asks for their own", async () => {
    await grid();
    await press("Mine");
    expect(cards()).toEqual(["gpu-01"]);
  });

  it("filters by state and model", async () => {
    await grid();
    await press("Filter");
    const dialog = within(screen.getByRole("dialog", { name: "Filter" }));
    await userEvent.click(dialog.getByRole("checkbox", { name: "Full" }));
    await userEvent.click(dialog.getByRole("checkbox", { name: "Free" }));
    await userEvent.click(dialog.getByRole("checkbox", { name: "A100" }));
    await userEvent.keyboard("{Escape}");
    expect(await screen.findByRole("button", { name: "Filter: 3 chosen" })).toBeVisible();
    expect(cards()).toEqual(["gpu-02"]);
  });

  it("sorts, the other way round too, and finds it so the next time", async () => {
    await grid();
    await userEvent.click(screen.getByRole("combobox", { name: "Sort by" }));
    await userEvent.click(screen.getByRole("option", { name: "Load" }));
    expect(cards()).toEqual(["gpu-02", "gpu-03", "gpu-01"]);
    await press("Reverse the order");
    expect(cards()).toEqual(["gpu-01", "gpu-03", "gpu-02"]);
    expect(JSON.parse(window.localStorage.getItem("shiva.machines") ?? "")).toEqual({
      view: "cards",
      sort: "load",
      reversed: true,
    });
  });

  it.each(["{", '{"view":"carpet","sort":7}', "null"])("that kept nonsense (%s) sees cards", async (kept) => {
    window.localStorage.setItem("shiva.machines", kept);
    await grid();
    expect(cards()).toEqual(["gpu-02", "gpu-03", "gpu-01"]);
  });
});

it("whoever likes a table better finds it the next time", async () => {
  await grid();
  await press("Table");
  await waitFor(() => expect(cards()).toEqual([]));
  expect(JSON.parse(window.localStorage.getItem("shiva.machines") ?? "")).toMatchObject({ view: "table" });
});
