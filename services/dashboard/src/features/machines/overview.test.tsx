import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { gpu, machine, overview, problem } from "../../testing/factories";
import { shown, worldOf } from "../../testing/world";
import ja from "../../words/ja";
import { MachineGrid } from "./MachineGrid";

const grid = () => shown(<MachineGrid onStart={null} />);
const cards = () => screen.getAllByRole("heading", { level: 3 }).map((each) => each.textContent);

describe("the machines", () => {
  it("are waited for", async () => {
    worldOf({ silent: true });
    grid();
    expect(screen.getByRole("status", { name: "Loading machines" })).toBeInTheDocument();
  });

  it("are shown free ones first", async () => {
    const states = { c: "free", a: "full", b: "partly_free", d: "unreachable", e: "stale" } as const;
    worldOf({ machines: overview(Object.entries(states).map(([name, state]) => machine({ name, state }))) });
    grid();
    await screen.findByRole("article", { name: "c" });
    expect(cards()).toEqual(["c", "b", "a", "e", "d"]);
  });

  it("that do not exist yet are explained", async () => {
    worldOf({ machines: overview([]) });
    grid();
    expect(await screen.findByText("No machines yet")).toBeVisible();
    expect(screen.getByText(/machines\.json/)).toBeVisible();
  });

  it("that cannot be had are a problem with words and a code", async () => {
    worldOf({ machines: problem(503, "manager-unavailable", "The manager does not answer") });
    grid();
    expect(await screen.findByText("The manager does not answer")).toBeVisible();
    expect(screen.getByText("manager-unavailable")).toBeVisible();
  });

  it("stay when Shiva stops to answer, and are soon not called free", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const world = worldOf({ machines: overview([machine({ gpus: [gpu()] })]) });
    grid();
    await screen.findByRole("article", { name: "gpu-01" });
    expect(screen.getByText("Free")).toBeVisible();
    world.unreachable = true;
    vi.setSystemTime(Date.now() + 58_000);
    await waitFor(() => expect(screen.getByText("Stale")).toBeVisible());
    expect(screen.getByText("1 m old")).toBeVisible();
    expect(screen.getByText("31% of 8")).toBeVisible();
    expect(screen.queryByText("Free")).toBeNull();
    expect(screen.queryByText("free")).toBeNull();
    world.unreachable = false;
    await waitFor(() => expect(screen.getByText("Free")).toBeVisible());
  });

  it("keep the focus when new numbers come", async () => {
    const world = worldOf({ machines: overview([machine({ name: "a" }), machine({ name: "b" })]) });
    shown(<MachineGrid onStart={vi.fn()} />);
    await screen.findByRole("article", { name: "b" });
    const [, second] = screen.getAllByRole("button", { name: "Start here" });
    second?.focus();
    world.machines = overview([machine({ name: "a", state: "full" }), machine({ name: "b", cpu_ratio: 0.77 })]);
    await screen.findByText("77% of 8");
    expect(document.activeElement).toBe(second);
    expect(cards()).toEqual(["a", "b"]); // nothing moves away from under it
  });

  it("are said in the person's language, and names are not", async () => {
    worldOf({ machines: overview([machine({ state: "partly_free", gpus_total: 2, gpus_free: 1 })]) });
    shown(<MachineGrid onStart={null} />, { language: "ja", catalogue: ja });
    expect(await screen.findByText("一部空き（2 基中 1 基）")).toBeVisible();
    expect(screen.getByText("gpu-01")).toBeVisible();
  });

  it("are in the page only near the window, be there a thousand", async () => {
    const many = Array.from({ length: 1000 }, (_, index) =>
      machine({ name: `gpu-${String(index).padStart(4, "0")}-${"x".repeat(31)}` }),
    );
    worldOf({ machines: overview(many) });
    vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(400);
    const { container } = grid();
    await screen.findByText(many[0]?.name ?? "");
    const shown = container.querySelectorAll("li[aria-setsize='1000']");
    expect(shown.length).toBeGreaterThan(1);
    expect(shown.length).toBeLessThan(10);
  });
});
