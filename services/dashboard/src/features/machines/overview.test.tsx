import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { machine, overview, problem } from "../../testing/factories";
import { page, worldOf } from "../../testing/world";

describe("the machines", () => {
  it("are waited for", async () => {
    worldOf({ silent: true });
    page();
    expect(screen.getByLabelText("Loading machines")).toBeInTheDocument();
    expect(screen.getByLabelText("Loading your container")).toBeInTheDocument();
  });

  it("are shown free ones first", async () => {
    const states = { c: "free", a: "full", b: "partly_free", d: "unreachable", e: "stale" } as const;
    worldOf({ machines: overview(Object.entries(states).map(([name, state]) => machine({ name, state }))) });
    page();
    await screen.findByRole("article", { name: "c" });
    const names = screen.getAllByRole("heading", { level: 3 }).map((each) => each.textContent);
    expect(names).toEqual(["c", "b", "a", "e", "d"]);
  });

  it("that do not exist yet are explained", async () => {
    worldOf({ machines: overview([]) });
    page();
    expect(await screen.findByText("No machines yet")).toBeVisible();
    expect(screen.getByText(/machines\.json/)).toBeVisible();
  });

  it("that cannot be had are a problem with words and a code", async () => {
    worldOf({ machines: problem(503, "manager-unavailable", "The manager does not answer") });
    page();
    expect(await screen.findByText("The manager does not answer")).toBeVisible();
    expect(screen.getByText("manager-unavailable")).toBeVisible();
    expect(screen.getByText("Your files are safe.")).toBeVisible();
  });

  it("stay on the page when Shiva stops to answer, and the page says so", async () => {
    const world = worldOf();
    page();
    await screen.findByRole("article", { name: "gpu-01" });
    world.unreachable = true;
    expect(await screen.findByText("Shiva does not answer", {}, { timeout: 6000 })).toBeVisible();
    expect(screen.getByRole("article", { name: "gpu-01" })).toBeVisible();
    world.unreachable = false;
    await waitFor(() => expect(screen.queryByText("Shiva does not answer")).toBeNull(), { timeout: 6000 });
  });
});

describe("what is missing is said", () => {
  it("while everything answers, nothing", async () => {
    worldOf();
    page();
    await screen.findByRole("article", { name: "gpu-01" });
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it.each([
    [{ metrics: { state: "stale", age_seconds: 75 } }, /Numbers are 1 m old: Prometheus does not answer/],
    [{ metrics: { state: "unavailable", age_seconds: null } }, /There are no numbers: Prometheus does not answer/],
    [{ broker: { state: "stale", age_seconds: 9 } }, /Containers cannot be started or stopped now/],
    [{ broker: { state: "unavailable", age_seconds: null } }, /Containers cannot be started or stopped now/],
  ] as const)("%j", async (changes, text) => {
    worldOf({ machines: overview([machine()], changes) });
    page();
    expect(await screen.findByText(text)).toBeVisible();
  });

  it("counts what the answer itself is old", async () => {
    worldOf({ machines: overview([machine()], { metrics: { state: "stale", age_seconds: 75 } }), machinesAge: 50 });
    page();
    expect(await screen.findByText(/Numbers are 2 m old: Prometheus does not answer/)).toBeVisible();
  });
});
