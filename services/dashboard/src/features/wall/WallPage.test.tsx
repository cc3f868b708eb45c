import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { browser } from "../../api/browser";
import { gpu, machine, me, overview, problem, silentGpu } from "../../testing/factories";
import { page, worldOf } from "../../testing/world";
import ja from "../../words/ja";

const ROOM = { width: 1880, height: 930 };

const SMALL = { width: 300, height: 300 };

function screenOf(room: typeof ROOM) {
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(room.width);
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(room.height);
}

beforeEach(() => screenOf(ROOM));
afterEach(() => vi.useRealTimers());

const tile = async (name: string) => within(await screen.findByRole("article", { name }));
const heldBy = (owner: string, since: string | null = null) => ({ container_id: `${owner}--default`, owner, since });
const many = (count: number) =>
  overview(Array.from({ length: count }, (_, index) => machine({ name: `gpu-${index + 1}` })));

describe("the wall", () => {
  it("counts the free GPUs in the largest letters", async () => {
    const busy = machine({ name: "b", state: "full", gpus: [gpu({ holder: heldBy("ada") })], gpus_free: 0 });
    worldOf({ machines: overview([machine(), busy]) });
    page("/wall");
    expect(await screen.findByRole("heading", { level: 1, name: "1 free GPU of 2" })).toBeVisible();
  });

  it("names who holds a GPU and since when, and shows how busy, warm and full it is", async () => {
    const since = new Date(Date.now() - 3 * 3_600_000 - 60_000).toISOString();
    worldOf({ machines: overview([machine({ state: "full", gpus: [gpu({ holder: heldBy("_e5_b1_b1", since) })] })]) });
    page("/wall");
    const seen = await tile("gpu-01");
    for (const text of ["GPU 0", "山", "50% · 61 °C", "1.0 / 8.0 GiB"]) expect(seen.getByText(text)).toBeVisible();
    expect(seen.getByText(/^since 3 h/)).toBeVisible();
  });

  it("shows no address: neither mine nor that in a guest's name", async () => {
    const account = { name: "grace", shown_name: "Grace", email: "grace@example.com", picture: null, role: "admin" };
    worldOf({
      me: me({ user: { ...account, role: "admin" } }),
      machines: overview([machine({ state: "full", gpus: [gpu({ holder: heldBy("eve_40else.example") })] })]),
    });
    page("/wall");
    expect((await tile("gpu-01")).getByText("eve")).toBeVisible();
    expect(document.body.textContent).not.toMatch(/@|else\.example/);
  });

  it("tells no reasons that admins wrote", async () => {
    const off = gpu({ uuid: "GPU-2", index: 1, disabled: "Reserved for Bob's secret work" });
    worldOf({ machines: overview([machine({ state: "closed", closed: "Secret audit", gpus: [gpu(), off] })]) });
    page("/wall");
    const seen = await tile("gpu-01");
    expect(seen.getByText("Closed")).toBeVisible();
    expect(seen.getAllByText("not given out")).toHaveLength(2);
    expect(document.body.textContent).not.toMatch(/secret/i);
  });

  it("has nothing to press and opens no dialog", async () => {
    worldOf();
    page("/wall");
    await tile("gpu-01");
    expect(screen.queryByRole("button")).toBeNull();
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  it("keeps every machine at its place, in the order of their numbers", async () => {
    const names = ["gpu-10", "gpu-2", "gpu-1"];
    worldOf({ machines: overview(names.map((name, at) => machine({ name, state: at === 0 ? "free" : "full" }))) });
    page("/wall");
    await tile("gpu-1");
    expect(screen.getAllByRole("heading", { level: 2 }).map((each) => each.textContent)).toEqual([
      "gpu-1",
      "gpu-2",
      "gpu-10",
    ]);
  });

  it("shows who works on a machine that has no GPU", async () => {
    const tenant = { id: "ken--a", owner: "ken", name: "a", state: "ready", since: null, gpus: 0 } as const;
    worldOf({
      machines: overview([
        machine({ gpus: [], gpu_driver: "none", containers: [tenant, { ...tenant, id: "ken--b", name: "b" }] }),
      ]),
    });
    page("/wall");
    const seen = await tile("gpu-01");
    expect(seen.getByText("No GPU · CPU 31%")).toBeVisible();
    expect(seen.getAllByText("ken")).toHaveLength(1);
    expect(screen.getByRole("heading", { level: 1, name: "1 machine" })).toBeVisible();
  });

  it("says DEMO in a demo", async () => {
    worldOf({ me: me({ demo: true }) });
    page("/wall");
    expect(await screen.findByText("DEMO")).toBeVisible();
  });

  it("speaks Japanese", async () => {
    worldOf();
    page("/wall", { language: "ja", catalogue: ja });
    expect(await screen.findByText("GPU 1 基中 1 基が空き")).toBeVisible();
  });
});

describe("what is not known", () => {
  it("is a dash, never a zero, and never free", async () => {
    worldOf({ machines: overview([machine({ state: "stale", sample_age_seconds: 90, gpus: [silentGpu()] })]) });
    page("/wall");
    const seen = await tile("gpu-01");
    expect(seen.getByText("1 m old")).toBeVisible();
    expect(seen.getByText("Stale")).toBeVisible();
    expect(seen.getByText("— · —")).toBeVisible();
    expect(seen.getByText("unknown")).toBeVisible();
    expect(seen.queryByText("free")).toBeNull();
    expect(screen.getByRole("heading", { level: 1, name: "1 GPU, free ones unknown" })).toBeVisible();
  });

  it("is counted beside what is free", async () => {
    worldOf({ machines: overview([machine(), machine({ name: "b", state: "unreachable" })]) });
    page("/wall");
    expect(await screen.findByRole("heading", { level: 1, name: "1 free GPU of 2" })).toBeVisible();
    expect(screen.getByText("1 GPU unknown")).toBeVisible();
  });

  it.each([
    [{ up: false }, "lost"],
    [{ foreign_use: true }, "used outside Shiva"],
    [{ quarantine: "It fell off the bus." }, "not given out"],
  ])("and what is not free has its own word (%j)", async (changes, word) => {
    worldOf({ machines: overview([machine({ state: "full", gpus: [gpu(changes)] })]) });
    page("/wall");
    const seen = await tile("gpu-01");
    expect(seen.getByText(word)).toBeVisible();
    expect(seen.queryByText("free")).toBeNull();
  });

  it.each([
    [{ metrics: { state: "stale", age_seconds: 75 } }, /Numbers are 1 m old/],
    [{ metrics: { state: "unavailable", age_seconds: null } }, /There are no numbers/],
    [{ broker: { state: "stale", age_seconds: 9 } }, /not known for sure/],
  ] as const)("is said above everything (%j)", async (changes, text) => {
    worldOf({ machines: overview([machine()], changes) });
    page("/wall");
    expect(await screen.findByText(text)).toBeVisible();
  });

  it("stays greyed with its age while Shiva is away, is called free by nothing, and heals by itself", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const world = worldOf();
    page("/wall");
    expect((await tile("gpu-01")).getByText("free")).toBeVisible();
    world.unreachable = true;
    await act(() => vi.advanceTimersByTimeAsync(20_000));
    expect(await screen.findByText(/Shiva does not answer\. What you see is \d+ s old/)).toBeVisible();
    expect((await tile("gpu-01")).queryByText("free")).toBeNull();
    expect(screen.getByRole("heading", { level: 1, name: "1 GPU, free ones unknown" })).toBeVisible();
    world.unreachable = false;
    await act(() => vi.advanceTimersByTimeAsync(4_000));
    await waitFor(() => expect(screen.queryByText(/does not answer/)).toBeNull());
    expect((await tile("gpu-01")).getByText("free")).toBeVisible();
  });
});

describe("before there is anything to show", () => {
  it("it waits, and says so", async () => {
    worldOf({ silent: true });
    page("/wall");
    expect(await screen.findByRole("status", { name: "Loading" })).toBeInTheDocument();
  });

  it("it says why there is nothing, with a code", async () => {
    worldOf({ machines: problem(403, "scope-missing", "You may not look") });
    page("/wall");
    expect(await screen.findByText("scope-missing")).toBeVisible();
  });

  it("it says where machines come from", async () => {
    worldOf({ machines: overview([]) });
    page("/wall");
    expect(await screen.findByText("No machines yet")).toBeVisible();
  });
});

describe("a wall of more machines than the screen has room for", () => {
  beforeEach(() => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    screenOf(SMALL);
    worldOf({ machines: many(14) });
    page("/wall");
  });

  it("shows a page after another, all of them, and begins again", async () => {
    const seen = async (label: string) => {
      await screen.findByText(label);
      return screen.getAllByRole("heading", { level: 2 }).map((each) => each.textContent);
    };
    const first = await seen("Page 1 of 2");
    await act(() => vi.advanceTimersByTimeAsync(12_000));
    const second = await seen("Page 2 of 2");
    expect(new Set([...first, ...second]).size).toBe(14);
    await act(() => vi.advanceTimersByTimeAsync(12_000));
    expect(await seen("Page 1 of 2")).toEqual(first);
  });

  it("turns pages by arrows and holds one by the space bar", async () => {
    await screen.findByText(/^Page 1 of/);
    fireEvent.keyDown(window, { key: "ArrowRight" });
    expect(screen.getByText(/^Page 2 of/)).toBeVisible();
    fireEvent.keyDown(window, { key: " " });
    await act(() => vi.advanceTimersByTimeAsync(30_000));
    expect(screen.getByText(/^Page 2 of/)).toBeVisible();
  });
});

describe("a wall that is open for days", () => {
  it("loads anew when another version answers, and not before", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const world = worldOf();
    page("/wall");
    await tile("gpu-01");
    await act(() => vi.advanceTimersByTimeAsync(31_000));
    expect(browser.goTo).not.toHaveBeenCalled();
    world.me = me({ version: "0.2.0" });
    await act(() => vi.advanceTimersByTimeAsync(31_000));
    await waitFor(() => expect(browser.goTo).toHaveBeenCalledWith("/"));
  });

  it("asks for the screen to stay on while it is seen, and lets it go in the end", async () => {
    const release = vi.fn(async () => undefined);
    const request = vi.fn(async () => ({ release }));
    Object.defineProperty(navigator, "wakeLock", { value: { request }, configurable: true });
    worldOf();
    const { unmount } = page("/wall");
    await tile("gpu-01");
    expect(request).toHaveBeenCalledWith("screen");
    unmount();
    await waitFor(() => expect(release).toHaveBeenCalledTimes(1));
    Reflect.deleteProperty(navigator, "wakeLock");
  });
});
