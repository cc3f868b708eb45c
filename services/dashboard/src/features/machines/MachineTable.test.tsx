import { fireEvent, screen, within } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { gpu, machine, silent, silentGpu } from "../../testing/factories";
import { shown } from "../../testing/world";
import ja from "../../words/ja";
import { MachineTable } from "./MachineTable";
import type { Preference } from "./preference";

const PREFERENCE: Preference = { view: "table", sort: "name", reversed: false };
const tenant = { id: "ken--default", owner: "ken", name: "default", state: "ready", since: null, gpus: 1 } as const;
const holder = { container_id: "ken--default", owner: "ken", since: null };
const MACHINES = [
  machine({
    name: "gpu-01",
    state: "partly_free",
    gpus: [gpu({ holder }), gpu({ uuid: "GPU-2" })],
    containers: [tenant],
  }),
  silent({ name: "gpu-02", state: "stale", sample_age_seconds: 90, gpus: [silentGpu()] }),
];

function table(spoken?: Parameters<typeof shown>[1]) {
  const onStart = vi.fn();
  const onPreference = vi.fn();
  // Every column has room.
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(2000);
  const view = (
    <MachineTable machines={MACHINES} me="ken" onStart={onStart} preference={PREFERENCE} onPreference={onPreference} />
  );
  shown(view, spoken);
  return { onStart, onPreference };
}
const row = (name: string) => within(screen.getByText(name).closest("[role=row]") as HTMLElement);

describe("the table of machines", () => {
  it("has the same words as the cards, and starts on a machine that it names", () => {
    const { onStart } = table();
    const line = row("gpu-01");
    expect(line.getByText("Partly free (2 of 2)")).toBeInTheDocument();
    expect(line.getByText("31% of 8")).toBeInTheDocument();
    expect(line.getByText(/^GPU 0 on gpu-01, .* used by ken$/)).toBeInTheDocument();
    expect(line.getByText("ken (you)")).toBeInTheDocument();
    fireEvent.click(line.getByRole("button", { name: "Start here, on gpu-01" }));
    expect(onStart).toHaveBeenCalledWith("gpu-01");
  });

  it("has a dash for what nobody told, an age for what is old, and no start there", () => {
    table();
    const line = row("gpu-02");
    expect(line.getByText("1 m old")).toBeInTheDocument();
    expect(line.getAllByText("—").length).toBeGreaterThan(3);
    expect(line.queryByRole("button")).toBeNull();
    expect(line.queryByText(/free$/)).toBeNull();
  });

  it("sorts by its headers", () => {
    const { onPreference } = table();
    fireEvent.click(screen.getByRole("columnheader", { name: "Load" }));
    expect(onPreference).toHaveBeenCalledWith({ view: "table", sort: "load", reversed: false });
  });

  it("speaks the person's language", () => {
    table({ language: "ja", catalogue: ja });
    expect(screen.getByRole("columnheader", { name: "マシン" })).toBeInTheDocument();
  });
});
