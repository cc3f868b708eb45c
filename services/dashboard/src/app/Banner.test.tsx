import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { machine, overview } from "../testing/factories";
import { page, worldOf } from "../testing/world";

it("says nothing while everything answers", async () => {
  worldOf();
  page();
  await screen.findByText("gpu-01");
  expect(screen.queryByRole("alert")).toBeNull();
});

it.each([
  [{ metrics: { state: "stale", age_seconds: 75 } }, /Numbers are 1 m old: Prometheus does not answer/],
  [{ metrics: { state: "unavailable", age_seconds: null } }, /There are no numbers: Prometheus does not answer/],
  [{ broker: { state: "stale", age_seconds: 9 } }, /started or stopped now, and what is known of them is 9 s old/],
  [{ broker: { state: "unavailable", age_seconds: null } }, /Containers cannot be started or stopped now\./],
] as const)("says which source is away: %j", async (changes, text) => {
  worldOf({ machines: overview([machine()], changes) });
  page();
  expect(await screen.findByText(text)).toBeVisible();
});

it("says that Shiva does not answer and how old the page is, and asks at once when told to", async () => {
  const world = worldOf();
  page();
  await screen.findByText("gpu-01");
  world.unreachable = true;
  expect(await screen.findByText("Shiva does not answer", {}, { timeout: 6_000 })).toBeVisible();
  expect(await screen.findByText(/What you see is \d+ s old/)).toBeVisible();
  world.unreachable = false;
  await userEvent.click(screen.getByRole("button", { name: "Try now" }));
  await waitFor(() => expect(screen.queryByText("Shiva does not answer")).toBeNull());
});

it("says on every page that the browser is offline, until it is not", async () => {
  const online = vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
  worldOf();
  page("/no-such-page");
  expect(await screen.findByText("This browser is offline")).toBeVisible();
  online.mockReturnValue(true);
  act(() => void fireEvent(window, new Event("online")));
  expect(screen.queryByText("This browser is offline")).toBeNull();
});
