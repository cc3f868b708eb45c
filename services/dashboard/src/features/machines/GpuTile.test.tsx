import { screen, within } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import type { Schemas } from "../../api/client";
import { gpu, machine, silentGpu } from "../../testing/factories";
import { shown } from "../../testing/world";
import { GpuTile } from "./GpuTile";

const GIB = 2 ** 30;
const holder = { container_id: "ada--default", owner: "ada", since: null };

const tile = (changes: Partial<Schemas["Gpu"]>, of: Partial<Schemas["Machine"]> = {}) =>
  shown(<GpuTile gpu={gpu(changes)} machine={machine({ name: "gpu-02", ...of })} me="ken" />);
const user = (owner: string, memory_used_bytes: number | null): Schemas["Gpu"]["users"][number] => ({
  owner,
  container_id: `${owner}--default`,
  memory_used_bytes,
  active_ratio: null,
  processes: 1,
});
const lines = () =>
  within(screen.getByRole("list", { name: "Memory by person" }))
    .getAllByRole("listitem")
    .map((line) => line.textContent);

describe("a GPU's tile", () => {
  it("tells whose its memory is, people first, then what is nobody's", () => {
    const process = { pid: 4242, user: "mei", engine_id: null, memory_used_bytes: GIB };
    const unknown = { pid: null, user: null, engine_id: "e".repeat(32), memory_used_bytes: GIB / 2 };
    tile({
      users: [user("_41da", 3 * GIB), user("ken", 2 * GIB)],
      unmanaged: [process, unknown],
      memory_other_bytes: GIB / 4,
      memory_unattributed_bytes: GIB / 4,
    });
    expect(lines()).toEqual([
      "Ada 3.0 GiB",
      "you 2.0 GiB",
      "unmanaged 1.5 GiB",
      "dead or unnamed processes 256 MiB",
      "unattributed 256 MiB",
    ]);
    expect(screen.getByTitle("mei, process 4242; a container that nobody knows")).toBeVisible();
  });

  it("names the container that an unmanaged process is in", () => {
    tile({ unmanaged: [{ pid: 7, user: "root", engine_id: "f".repeat(64), memory_used_bytes: GIB }] });
    expect(screen.getByTitle("root, process 7 (container ffffffffffff)")).toBeVisible();
  });

  it("shows a dash for a share that nobody told, and for a sum with one", () => {
    const told = { pid: 7, user: "root", engine_id: null, memory_used_bytes: GIB };
    tile({
      users: [user("ada", null)],
      unmanaged: [told, { ...told, pid: 8, memory_used_bytes: null }],
      memory_other_bytes: null,
      memory_unattributed_bytes: null,
    });
    expect(lines()).toEqual(["ada —", "unmanaged —", "dead or unnamed processes —", "unattributed —"]);
  });

  it("says nothing of shares where nothing is in use", () => {
    tile({ memory_used_bytes: 0 });
    expect(screen.queryByRole("list")).toBeNull();
  });

  it("says that nobody tells who uses it, where memory is in use", () => {
    tile({ users_known: false, memory_other_bytes: null, memory_unattributed_bytes: null });
    expect(screen.getByText("nobody tells who uses it")).toBeVisible();
    expect(screen.queryByRole("list")).toBeNull();
  });

  it("claims nothing of a GPU of which nobody told anything", () => {
    tile(silentGpu());
    expect(screen.queryByText("nobody tells who uses it")).toBeNull();
    expect(screen.queryByRole("list")).toBeNull();
    expect(screen.getByText("unknown")).toBeVisible();
  });

  it("names no rest that every driver takes", () => {
    tile({ memory_unattributed_bytes: GIB / 16 });
    expect(screen.queryByRole("list")).toBeNull();
  });

  it("tells shares apart by pattern, not by color alone", () => {
    tile({ users: [user("ada", GIB), user("ken", GIB)] });
    const [first, second] = within(screen.getByRole("list")).getAllByRole("listitem");
    const pattern = (line: Element | undefined) => {
      const swatch = line?.querySelector("[data-color]");
      return swatch && window.getComputedStyle(swatch).backgroundImage;
    };
    expect(pattern(second)).toContain("gradient");
    expect(pattern(first)).not.toBe(pattern(second));
  });

  const today = new Date();
  today.setHours(9, 10, 0, 0);

  it.each([
    [
      { utilization_ratio: 0.87, holder: { ...holder, owner: "yuki", since: today.toISOString() } },
      "GPU 0 on gpu-02, NVIDIA GeForce GTX 1080, 87 percent, 61 degrees, memory 1.0 / 8.0 GiB, used by yuki since 09:10",
    ],
    [{ holder }, /^GPU 0 .* used by ada$/],
    [
      { utilization_ratio: null, temperature_celsius: null, memory_used_bytes: null },
      "GPU 0 on gpu-02, NVIDIA GeForce GTX 1080, free",
    ],
    [{ foreign_use: true }, /^GPU 0 .* in use by something outside Shiva$/],
  ])("is a sentence for who listens (%#)", (changes, sentence) => {
    vi.setSystemTime(today.getTime() + 3_600_000);
    tile(changes);
    expect(screen.getByText(sentence)).toBeInTheDocument();
  });

  it.each([
    [{}, {}, "free"],
    [{}, { state: "stale" }, "unknown"],
    [{}, { state: "unreachable" }, "unknown"],
    [{}, { holders_known: false }, "unknown"],
    [{ up: null }, {}, "unknown"],
    [{ up: false }, {}, "lost: the driver cannot reach it"],
    [{}, { closed: "New cooling." }, "not given out"],
    [{ foreign_use: true }, {}, "in use by something outside Shiva"],
    [{ foreign_use: null }, {}, "free"],
  ] as const)("%j on a machine %j is %s", (changes, of, word) => {
    tile(changes, of);
    expect(screen.getByText(word)).toBeVisible();
    if (word !== "free") expect(screen.queryByText("free")).toBeNull();
  });

  it("that is lost while somebody has it says both", () => {
    tile({ up: false, holder });
    expect(screen.getByText("ada")).toBeVisible();
    expect(screen.getByRole("note")).toHaveTextContent("lost: the driver cannot reach it");
  });

  it.each([
    ["quarantine", "In quarantine:"],
    ["disabled", "Disabled:"],
  ] as const)("says why it is not given out (%s), and does not call it free", (key, title) => {
    tile({ [key]: "It fell off the bus." });
    expect(screen.getByRole("note")).toHaveTextContent(`${title} It fell off the bus.`);
    expect(screen.getByText("not given out")).toBeVisible();
    expect(screen.queryByText("free")).toBeNull();
  });

  it("leaves a GPU in quarantine to its holder, who reads why", () => {
    tile({ quarantine: "It fell off the bus.", holder });
    expect(screen.getByText("ada")).toBeVisible();
    expect(screen.getByRole("note")).toHaveTextContent("It fell off the bus.");
    expect(screen.queryByText("not given out")).toBeNull();
  });
});
