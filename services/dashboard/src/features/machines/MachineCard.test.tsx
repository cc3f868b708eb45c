import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import type { Schemas } from "../../api/client";
import { gpu, machine, silent, silentGpu } from "../../testing/factories";
import { shown } from "../../testing/world";
import { MachineCard } from "./MachineCard";

const card = (changes: Schemas["Machine"], onStart: ((name: string) => void) | null = null) => {
  shown(<MachineCard machine={changes} me={null} onStart={onStart} />);
  return within(screen.getByRole("article", { name: changes.name }));
};

describe("a machine's card", () => {
  it.each([
    ["free", "Free"],
    ["full", "Full"],
    ["stale", "Stale"],
    ["unreachable", "Unreachable"],
  ] as const)("has a word for %s", (state, word) => expect(card(machine({ state })).getByText(word)).toBeVisible());

  it("counts the free GPUs of a partly free one", () => {
    const seen = card(machine({ state: "partly_free", gpus_total: 2, gpus_free: 1 }));
    expect(seen.getByText("Partly free (1 of 2)")).toBeVisible();
  });

  it("shows what was measured", () => {
    const seen = card(machine());
    for (const text of ["31% of 8", "8.0 / 32.0 GiB", "100 / 500 GiB", "54 °C", "50% · 61 °C", "1.0 / 8.0 GiB"]) {
      expect(seen.getByText(text)).toBeVisible();
    }
    expect(seen.getByText("↓ 2.0 KiB/s ↑ 1.0 KiB/s")).toBeVisible();
  });

  it("shows a dash for what nobody told, and a zero for a zero only", () => {
    const seen = card(silent({ state: "unreachable", gpus: [silentGpu()] }));
    expect(seen.queryByText(/\b0\b/)).toBeNull();
    expect(seen.getAllByText("—")).toHaveLength(5); // CPU, memory, disk, temperature, GPU memory
    expect(seen.getByText("↓ — ↑ —")).toBeVisible();
    expect(seen.getByText("— · —")).toBeVisible();
    for (const meter of seen.getAllByRole("progressbar")) {
      expect(meter).toHaveAttribute("aria-valuetext", "unknown");
      expect(meter).not.toHaveAttribute("aria-valuenow");
    }
  });

  it("shows a zero that was told", () => {
    const seen = card(machine({ cpu_ratio: 0, gpus: [gpu({ utilization_ratio: 0, temperature_celsius: 0 })] }));
    expect(seen.getByText("0% of 8")).toBeVisible();
    expect(seen.getByText("0% · 0 °C")).toBeVisible();
  });

  it.each([
    [machine({ gpus: [], gpu_driver: "none" }), "No GPU on this machine"],
    [machine({ gpus: [], gpu_driver: "unknown" }), "GPU exporter does not report"],
    [silent({ state: "stale", gpus: [], gpu_driver: "unknown" }), "Waiting for the first numbers"],
    [machine({ gpus: [gpu({ up: false })] }), "lost: the driver cannot reach it"],
  ])("says what is with its GPUs (%#)", (changes, text) => expect(card(changes).getByText(text)).toBeVisible());

  it("names who holds a GPU and who is there, since when, as people write it", () => {
    vi.setSystemTime("2026-11-23T12:00:00.000Z");
    const since = "2026-11-23T11:00:00.000Z";
    const holder = { container_id: "_41da--default", owner: "_41da", since };
    const tenant = {
      id: holder.container_id,
      owner: "_41da",
      name: "default",
      state: "ready",
      since,
      gpus: 1,
    } as const;
    const seen = card(machine({ gpus: [gpu({ holder }), gpu({ uuid: "GPU-2", index: 1 })], containers: [tenant] }));
    expect(seen.getAllByText("Ada")).toHaveLength(2);
    expect(seen.getByText(/^since .* · 1 h 0 m$/)).toBeVisible();
    expect(seen.getAllByText(/^since /)).toHaveLength(2);
    expect(seen.getByText("free")).toBeVisible();
  });

  it("does not call a GPU free that something outside Shiva uses", () => {
    const seen = card(
      machine({ gpus: [gpu({ foreign_use: true }), gpu({ uuid: "GPU-2", index: 1, foreign_use: null })] }),
    );
    expect(seen.getAllByText("in use by something outside Shiva")).toHaveLength(1);
    expect(seen.getAllByText("free")).toHaveLength(1);
  });

  it("does not call a GPU free while nobody knows the holders", () => {
    const seen = card(machine({ state: "stale", holders_known: false, gpus_free: null }));
    expect(seen.queryByText("free")).toBeNull();
    expect(seen.getAllByText("unknown")).toHaveLength(2);
    expect(seen.queryByText("Nobody has a container here")).toBeNull();
  });

  it("tells how old stale numbers are", () => {
    expect(card(machine({ state: "stale", sample_age_seconds: 90 })).getByText("1 m old")).toBeVisible();
  });

  it("says why a closed machine takes nobody", () => {
    const seen = card(machine({ state: "closed", gpus_free: 0, closed: "New cooling until Friday." }), vi.fn());
    expect(seen.getByText("Closed")).toBeVisible();
    expect(seen.getByText("No new containers here: New cooling until Friday.")).toBeVisible();
    expect(seen.queryByRole("button")).toBeNull();
  });

  it("starts there, where something is left", async () => {
    const onStart = vi.fn();
    await userEvent.click(card(machine({ state: "partly_free" }), onStart).getByRole("button", { name: "Start here" }));
    expect(onStart).toHaveBeenCalledWith("gpu-01");
  });

  it.each(["full", "stale", "unreachable"] as const)("offers no start on a machine that is %s", (state) => {
    expect(card(machine({ state }), vi.fn()).queryByRole("button")).toBeNull();
  });
});
