import { act, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { clock, ServerClock, steadyNow, useNow } from "./clock";

const NOON = Date.parse("2026-11-23T12:00:00Z");

/** A clock whose computer says `wall`, with hands to turn. */
function turned(wall = 0) {
  const hands = { steady: 1_000, wall };
  return {
    hands,
    clock: new ServerClock(
      () => hands.steady,
      () => hands.wall,
    ),
  };
}

const header = (at: number) => new Date(at).toUTCString();

describe("the server's clock", () => {
  it("is this computer's own until an answer came", () => expect(turned(42).clock.now()).toBe(42));

  it("is right to the second after one answer, however wrong this computer's is", () => {
    const { clock, hands } = turned(NOON - 86_400_000);
    hands.steady += 40;
    clock.learn(header(NOON), 1_000);
    expect(Math.abs(clock.now() - NOON)).toBeLessThan(1_000);
    hands.steady += 60_000;
    expect(Math.abs(clock.now() - NOON - 60_000)).toBeLessThan(1_000);
  });

  it("is narrowed down by each answer", () => {
    const { clock, hands } = turned();
    for (let step = 0; step < 20; step += 1) {
      const sent = hands.steady;
      const now = NOON + hands.steady - 1_000;
      hands.steady += 10;
      clock.learn(header(Math.floor(now / 1_000) * 1_000), sent);
      hands.steady += 1_337;
    }
    expect(Math.abs(clock.now() - (NOON + hands.steady - 1_000))).toBeLessThan(100);
  });

  it("believes the newest answer where a clock was set", () => {
    const { clock, hands } = turned();
    clock.learn(header(NOON), 1_000);
    hands.steady += 2_000;
    clock.learn(header(NOON + 3_600_000), hands.steady);
    expect(Math.abs(clock.now() - NOON - 3_600_000)).toBeLessThan(1_000);
  });

  it.each([null, "soon"])("learns nothing from %j", (date) => {
    const { clock } = turned(42);
    clock.learn(date, 1_000);
    expect(clock.now()).toBe(42);
  });
});

describe("the steady clock", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  it("counts what this computer slept, and not what its clock was set back", () => {
    steadyNow();
    const before = steadyNow();
    vi.setSystemTime(Date.now() + 600_000); // performance.now stood still meanwhile
    expect(steadyNow() - before).toBe(600_000);
    vi.setSystemTime(Date.now() - 3_600_000);
    expect(steadyNow() - before).toBe(600_000);
  });
});

describe("what shows time", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date", "performance", "setInterval", "clearInterval"] }));
  afterEach(() => void vi.useRealTimers());

  function Seconds() {
    return <output>{Math.round(useNow(1_000) / 1_000)}</output>;
  }
  const shown = () => Number(screen.getByRole("status").textContent);
  const look = (visibility: DocumentVisibilityState) =>
    act(() => {
      vi.spyOn(document, "visibilityState", "get").mockReturnValue(visibility);
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    });

  it("goes on each second", () => {
    render(<Seconds />);
    const first = shown();
    act(() => vi.advanceTimersByTime(3_000));
    expect(shown() - first).toBe(3);
  });

  it("stands still while nobody looks, and is right at once when somebody does", () => {
    render(<Seconds />);
    const first = shown();
    look("hidden");
    act(() => vi.advanceTimersByTime(60_000));
    expect(shown()).toBe(first);
    look("visible");
    expect(shown() - first).toBe(60);
  });

  it("is put right as soon as an answer says what time it is", () => {
    render(<Seconds />);
    act(() => clock.learn(header(NOON), steadyNow()));
    expect(Math.abs(shown() - NOON / 1_000)).toBeLessThanOrEqual(1);
  });
});
