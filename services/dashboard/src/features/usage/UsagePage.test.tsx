import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { problem, usage } from "../../testing/factories";
import { page, worldOf } from "../../testing/world";
import ja from "../../words/ja";

const table = async (name: string) => within(await screen.findByRole("table", { name }));
const lines = async (name: string) => {
  const rows = (await table(name)).getAllByRole("row").slice(1);
  return rows.map((row) =>
    Array.from(row.children)
      .map((cell) => cell.textContent?.trim())
      .join(" | "),
  );
};

/** Whose row is mine is known when both answers are there. */
const shows = (name: string, rows: string[]) => waitFor(async () => expect(await lines(name)).toEqual(rows));

describe("the usage page", () => {
  it("shows who held and used how many GPU hours, the most held first, and which row is mine", async () => {
    worldOf();
    page("/usage");
    await shows("By person", ["ken | 10.0 | 7.5 | 75%", "ada You | 2.0 | 0.5 | 25%"]);
    expect((await table("By person")).getByRole("row", { current: true })).toHaveTextContent("ada");
  });

  it("shows the same by machine, with its GPUs", async () => {
    worldOf();
    page("/usage");
    await shows("By machine", ["gpu-01 | 2 | 12.0 | 8.0 | 67%"]);
  });

  it("sums up mine and everybody's", async () => {
    worldOf();
    page("/usage");
    expect(await screen.findByRole("region", { name: "You" })).toHaveTextContent("GPU hours held2.0");
    expect(screen.getByRole("region", { name: "Everybody" })).toHaveTextContent("GPU hours held12.0");
  });

  it("writes names as people read them", async () => {
    worldOf({ usage: usage({ people: [{ owner: "_e5_b1_b1", gpu_seconds_held: 3600, gpu_seconds_used: 0 }] }) });
    page("/usage");
    await shows("By person", ["山 | 1.0 | 0.0 | 0%"]);
  });

  it("shows a dash for what nobody recorded, in the sum too, and a zero for a zero only", async () => {
    worldOf({
      usage: usage({
        people: [
          { owner: "ada", gpu_seconds_held: null, gpu_seconds_used: null },
          { owner: "ken", gpu_seconds_held: 3600, gpu_seconds_used: null },
          { owner: "mei", gpu_seconds_held: 3600, gpu_seconds_used: 0 },
        ],
        machines: [{ machine: "gpu-01", gpus: null, gpu_seconds_held: null, gpu_seconds_used: null }],
      }),
    });
    page("/usage");
    await shows("By person", ["ken | 1.0 | — | —", "mei | 1.0 | 0.0 | 0%", "ada You | — | — | —"]);
    await shows("By machine", ["gpu-01 | — | — | — | —"]);
    expect(screen.getByRole("region", { name: "Everybody" })).toHaveTextContent("—GPU hours used—");
  });

  it("does not call a few seconds nothing", async () => {
    worldOf({ usage: usage({ people: [{ owner: "ada", gpu_seconds_held: 90, gpu_seconds_used: 4 }] }) });
    page("/usage");
    await shows("By person", ["ada You | < 0.1 | < 0.1 | 4%"]);
  });

  it("says since when there are records, where they begin later than the range", async () => {
    worldOf({ usage: usage({ recorded_from: "2026-11-20T08:15:00.000Z" }) });
    page("/usage");
    expect(await screen.findByText(/^Recorded since Nov 20, 2026.*What was before is not known/)).toBeVisible();
  });

  it("says from when to when, where all of the range is recorded", async () => {
    worldOf();
    page("/usage");
    expect(await screen.findByText(/^From Nov 16, 2026.*to Nov 23, 2026/)).toBeVisible();
    expect(screen.queryByText(/Recorded since/)).toBeNull();
  });

  it("says that nothing is recorded yet, without a table of zeros", async () => {
    worldOf({ usage: usage({ recorded_from: null, people: [], machines: [] }) });
    page("/usage");
    expect(await screen.findByText(/Nothing is recorded yet/)).toBeVisible();
    expect(screen.queryByRole("table")).toBeNull();
  });

  it("says that nobody held a GPU", async () => {
    worldOf({ usage: usage({ people: [], machines: [] }) });
    page("/usage");
    expect(await screen.findByText("Nobody held a GPU in this time.")).toBeVisible();
    expect(screen.getByText("No machine had a GPU in this time.")).toBeVisible();
  });

  it("asks for the range that is chosen, and takes one from its address", async () => {
    const world = worldOf();
    page("/usage?range=30d");
    expect(await screen.findByRole("button", { name: "30 days", pressed: true })).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "24 hours" }));
    await waitFor(() => expect(world.asked).toEqual(["range=30d", "range=24h"]));
  });

  it("keeps the old sums, marked as busy, until those of another range are there", async () => {
    const world = worldOf();
    page("/usage");
    await table("By person");
    world.silent = true;
    await userEvent.click(screen.getByRole("button", { name: "24 hours" }));
    await waitFor(() => expect(document.querySelector("[aria-busy=true]")).not.toBeNull());
    await shows("By machine", ["gpu-01 | 2 | 12.0 | 8.0 | 67%"]);
  });

  it("waits, and says so", async () => {
    worldOf({ silent: true });
    page("/usage");
    expect(await screen.findByRole("status", { name: "Loading" })).toBeInTheDocument();
    expect(screen.queryByRole("table")).toBeNull();
  });

  it("says with a code why there are no sums", async () => {
    worldOf({ usage: problem(503, "metrics-unavailable", "There are no numbers now") });
    page("/usage");
    expect(await screen.findByText("metrics-unavailable")).toBeVisible();
  });

  it("says with a code that one may not see them", async () => {
    worldOf({ usage: problem(403, "scope-missing", "Your token may not look") });
    page("/usage");
    expect(await screen.findByText("scope-missing")).toBeVisible();
  });

  it("shows a thousand people a page at a time", async () => {
    const people = Array.from({ length: 1000 }, (_, index) => ({
      owner: `person-${1000 - index}-${"x".repeat(30)}`,
      gpu_seconds_held: index * 3600,
      gpu_seconds_used: 0,
    }));
    worldOf({ usage: usage({ people }) });
    page("/usage");
    expect(await lines("By person")).toHaveLength(25);
    expect(screen.getByText("1–25 of 1,000")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Go to next page" }));
    expect(screen.getByText("26–50 of 1,000")).toBeVisible();
  });

  it("draws held against used beside the table", async () => {
    worldOf();
    page("/usage");
    expect(await screen.findByRole("img", { name: /^By person: bars of GPU hours/ })).toBeVisible();
  });

  it("speaks Japanese", async () => {
    worldOf();
    page("/usage", { language: "ja", catalogue: ja });
    expect(await screen.findByRole("heading", { name: "利用状況" })).toBeVisible();
    await shows("利用者別", ["ken | 10.0 | 7.5 | 75%", "ada あなた | 2.0 | 0.5 | 25%"]);
  });
});
