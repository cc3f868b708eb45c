import { screen } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { history, problem } from "../../testing/factories";
import { shown, worldOf } from "../../testing/world";
import { meanCurve, summary } from "./curves";
import { LastHour } from "./LastHour";

const curve = (utilization_ratio: (number | null)[]) => ({
  uuid: "GPU-1",
  index: 0,
  utilization_ratio,
  memory_used_bytes: [],
  temperature_celsius: [],
});

/** A window in which everything is seen at once. */
class Seen {
  constructor(private readonly tell: (entries: { isIntersecting: boolean }[]) => void) {}
  observe() {
    this.tell([{ isIntersecting: true }]);
  }
  disconnect() {}
}

describe("the last hour of a machine", () => {
  beforeEach(() => void vi.stubGlobal("IntersectionObserver", Seen));

  it("is two curves, in words too", async () => {
    worldOf({ history: history({ gpus: [curve([0, null, 1]), curve([1, null, null])] }) });
    shown(<LastHour machine="gpu-01" gpus />);
    expect(await screen.findByRole("img", { name: "CPU, last hour: 20% to 40%, 30% on average" })).toBeVisible();
    expect(screen.getByRole("img", { name: "GPUs, last hour: 50% to 100%, 75% on average" })).toBeVisible();
  });

  it("has no curve of GPUs where there are none", async () => {
    worldOf();
    shown(<LastHour machine="gpu-01" gpus={false} />);
    expect(await screen.findAllByRole("img")).toHaveLength(1);
  });

  it("says that there are no numbers", async () => {
    worldOf({ history: history({ gpus: [curve([null, null])] }) });
    shown(<LastHour machine="gpu-01" gpus />);
    expect(await screen.findByRole("img", { name: "GPUs, last hour: no numbers" })).toBeVisible();
  });

  it("says that it cannot be had", async () => {
    worldOf({ history: problem(503, "metrics-unavailable", "There are no numbers now") });
    shown(<LastHour machine="gpu-01" gpus={false} />);
    expect(await screen.findByText("CPU, last hour: cannot be had now")).toBeVisible();
  });
});

it("is not asked for before it is looked at", () => {
  worldOf({ history: problem(503, "metrics-unavailable", "There are no numbers now") });
  shown(<LastHour machine="gpu-01" gpus={false} />);
  expect(screen.getByRole("img", { name: "CPU, last hour: loading" })).toBeInTheDocument();
});

describe("curves", () => {
  it("have as mean that of what was told, and a gap where nothing was", () => {
    expect(
      meanCurve([
        [0.2, null, null],
        [0.4, 0.6, null],
      ]),
    ).toEqual([expect.closeTo(0.3), 0.6, null]);
    expect(meanCurve([])).toEqual([]);
  });

  it("without a point have no summary", () => {
    expect(summary([null])).toBeNull();
    expect(summary([0, null])).toEqual({ least: 0, most: 0, mean: 0 });
  });
});
