import { QueryClient } from "@tanstack/react-query";
import { act, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { gpu, machine, overview } from "../testing/factories";
import { page, worldOf } from "../testing/world";
import { ageOf, FRESH_SECONDS, latenessOf, machinesPause, overviewAt, putNow, soon, younger } from "./live";

const MORNING = Date.parse("2026-11-23T09:00:00Z");
const told = (second: number, born = 0) => ({
  ...overview([machine()], { as_of: new Date(MORNING + second * 1_000).toISOString() }),
  born,
});

describe("of two overviews", () => {
  it("the one that was made later stays, in whatever order they come", () => {
    expect(younger(told(1), told(2), 1_000).as_of).toBe(told(2).as_of);
    expect(younger(told(2), told(1), 1_000).as_of).toBe(told(2).as_of);
  });

  it("the first is taken", () => expect(younger(undefined, told(1), 0).as_of).toBe(told(1).as_of));

  it("one that is too old to be true gives way to any: the server's clock may have been set back", () => {
    expect(younger(told(9), told(1), (FRESH_SECONDS + 1) * 1_000).as_of).toBe(told(1).as_of);
  });
});

describe("an overview, some seconds later", () => {
  const seen = overview([machine({ sample_age_seconds: 3 }), machine({ sample_age_seconds: null })], {
    metrics: { state: "fresh", age_seconds: 1 },
    broker: { state: "unavailable", age_seconds: null },
  });

  it("is the very same while it is new", () => expect(overviewAt(seen, 0)).toBe(seen));

  it("has ages that have grown, and unknown ones stay unknown", () => {
    const now = overviewAt(seen, 7);
    expect(now.machines.map((each) => each.sample_age_seconds)).toEqual([10, null]);
    expect([now.metrics.age_seconds, now.broker.age_seconds]).toEqual([8, null]);
    expect(now.machines.map((each) => each.state)).toEqual(["free", "free"]);
  });

  it.each([
    "free",
    "partly_free",
    "full",
    "closed",
    "unreachable",
  ] as const)("says of no machine what it was, once that is long ago: %s", (state) => {
    const [now] = overviewAt(overview([machine({ state })]), FRESH_SECONDS + 1).machines;
    expect(now).toMatchObject({ state: "stale", gpus_free: null, holders_known: false });
  });
});

it("nobody is told of a poll that is a little late", () => {
  expect([0, 2_999, 3_000, 60_500].map((ms) => latenessOf(0, ms))).toEqual([0, 0, 3, 60]);
});

it("machines are asked for each second, a thousand of them every other one", () => {
  expect(machinesPause(undefined)).toBe(1_000);
  expect(machinesPause({ ...told(1), machines: Array(1_000).fill(machine()) })).toBe(2_000);
});

it.each([
  [{ Age: "7" }, 7],
  [{ Age: "0" }, 0],
  [{ Age: "-3" }, 0],
  [{ Age: "soon" }, 0],
  [{}, 0],
])("reads the age of an answer: %j is %i", (headers, age) => {
  expect(ageOf(new Response(null, { headers }))).toBe(age);
});

it("gives a poll up that hangs", async () => {
  const signal = soon(new AbortController().signal, 1);
  await waitFor(() => expect(signal.aborted).toBe(true));
  expect(signal.reason).toMatchObject({ name: "TimeoutError" });
});

it("an answer under way does not undo what a change said meanwhile", async () => {
  const client = new QueryClient();
  let answer: (value: string) => void = () => undefined;
  const asked = client.fetchQuery({
    queryKey: ["it"],
    queryFn: ({ signal }) =>
      new Promise<string>((resolve, reject) => {
        answer = resolve;
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
  });
  const givenUp = asked.catch(() => "given up");
  await putNow<string>(client, ["it"], () => "new");
  answer("old");
  await givenUp;
  expect(client.getQueryData(["it"])).toBe("new");
});

describe("on the page", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date", "performance", "setInterval", "clearInterval"] }));
  afterEach(() => void vi.useRealTimers());

  const free = () => screen.queryAllByRole("article").flatMap((card) => within(card).queryAllByText(/^Free/));
  const pass = (seconds: number) => act(() => void vi.advanceTimersByTime(seconds * 1_000));
  const look = (visibility: DocumentVisibilityState) =>
    act(() => {
      vi.spyOn(document, "visibilityState", "get").mockReturnValue(visibility);
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    });
  /** How often the machines were asked for. */
  const counted = () => {
    const fetched = vi.spyOn(window, "fetch");
    return () =>
      fetched.mock.calls.filter(([request]) => String((request as Request).url).includes("/machines")).length;
  };

  it("nothing is free while Shiva is away for long, the age grows, and all comes back by itself", async () => {
    const world = worldOf({ machines: overview([machine({ gpus: [gpu()] })]) });
    const fetched = vi.spyOn(window, "fetch");
    page();
    await waitFor(() => expect(free().length).toBeGreaterThan(0));
    world.unreachable = true;
    pass(FRESH_SECONDS + 2);
    await waitFor(() => expect(free()).toEqual([]));
    expect(screen.getByText("14 s old")).toBeVisible();
    pass(18);
    expect(screen.getByText("32 s old")).toBeVisible();
    await act(() => Promise.allSettled(fetched.mock.results.map(({ value }) => value)));
    world.unreachable = false;
    pass(1);
    await waitFor(() => expect(free().length).toBeGreaterThan(0));
  });

  it("nobody asks while nobody looks, and at once when somebody does", async () => {
    worldOf();
    const asked = counted();
    page();
    await screen.findByRole("article", { name: "gpu-01" });
    look("hidden");
    const before = asked();
    pass(60);
    expect(asked()).toBe(before);
    look("visible");
    await waitFor(() => expect(asked()).toBe(before + 1));
  });
});
