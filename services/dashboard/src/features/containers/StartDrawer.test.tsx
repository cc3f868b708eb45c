import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { explanation, problem, verdict } from "../../testing/factories";
import { shown as render, type World, worldOf } from "../../testing/world";
import ja from "../../words/ja";
import { StartDrawer } from "./StartDrawer";

const taken = { rule: "gpus-taken", text: "0 of its 2 GPUs free; 1 wanted." };
const full = explanation({
  fits: false,
  machine: null,
  predicted_seconds: null,
  machines: [verdict({ misfit: taken, predicted_seconds: null }), verdict({ name: "gpu-02" })],
  offers: [{ text: "", machine: "gpu-02", wish: { name: "default", machine: null, image: null, gpus: 0 } }],
});

const USUAL = { machine: null, image: null, gpus: 1 };
const choices = [
  { name: "gpu-01", gpus: 2 },
  { name: "gpu-02", gpus: 1 },
];

async function drawer(changes: Partial<World> = {}, spoken?: Parameters<typeof render>[1]) {
  const world = worldOf(changes);
  const started = vi.fn();
  render(<StartDrawer open machines={choices} initial={USUAL} onStart={started} onClose={() => undefined} />, spoken);
  return { world, started, shown: within(await screen.findByRole("dialog")) };
}

it("says where a wish fits and how long it takes, before anything is started", async () => {
  const { started, shown } = await drawer();
  expect(await shown.findByText("Fits on gpu-01, about 4 s")).toBeVisible();
  expect(started).not.toHaveBeenCalled();
});

it("starts by Enter in its first field, which has the focus", async () => {
  const { started, shown } = await drawer();
  expect(shown.getByRole("radio", { name: "1" })).toHaveFocus();
  await userEvent.keyboard("{ArrowRight}{Enter}");
  expect(started).toHaveBeenCalledExactlyOnceWith({ machine: null, image: null, gpus: 2 }, null);
});

it("starts on the machine that was chosen, with no more GPUs than it has", async () => {
  const { started, shown } = await drawer();
  await userEvent.click(shown.getByRole("radio", { name: "2" }));
  await userEvent.click(shown.getByRole("combobox", { name: "Machine" }));
  await userEvent.click(await screen.findByRole("option", { name: /gpu-02/ }));
  expect(shown.queryByRole("radio", { name: "2" })).toBeNull();
  await userEvent.click(shown.getByRole("button", { name: "Start my container" }));
  expect(started.mock.calls[0]?.[0]).toEqual({ machine: "gpu-02", image: null, gpus: 1 });
});

it("tells of each machine how long it takes, or why it does not fit; those that fit first", async () => {
  const { shown } = await drawer({ explanation: full });
  await shown.findByText("Does not fit now");
  await userEvent.click(shown.getByRole("combobox", { name: "Machine" }));
  const options = await screen.findAllByRole("option");
  expect(options.map((option) => option.textContent)).toEqual([
    "Best machine that fits",
    "gpu-02about 4 s",
    "gpu-01Its GPUs are taken.",
  ]);
});

it("says why a wish does not fit, and starts by one click what would", async () => {
  const { started, shown } = await drawer({ explanation: full });
  expect(await shown.findByText("Does not fit now")).toBeVisible();
  expect(shown.getByText(/0 of its 2 GPUs free; 1 wanted/)).toBeVisible();
  await userEvent.click(shown.getByRole("button", { name: "Start without a GPU on gpu-02" }));
  expect(started).toHaveBeenCalledExactlyOnceWith({ machine: null, image: null, gpus: 0 }, null);
});

it("never shows the answer to another wish than the one that is chosen", async () => {
  const { world, shown } = await drawer();
  await shown.findByText("Fits on gpu-01, about 4 s");
  world.explanation = full;
  await userEvent.click(shown.getByRole("radio", { name: "2" }));
  expect(shown.getByText("Checking what fits …")).toBeVisible();
  expect(shown.queryByText(/Fits on gpu-01/)).toBeNull();
  expect(await shown.findByText("Does not fit now")).toBeVisible();
});

it("asks once for what was chosen, not for each step on the way there", async () => {
  const { world, shown } = await drawer();
  await shown.findByText("Fits on gpu-01, about 4 s");
  const before = world.explained.length;
  await userEvent.keyboard("{ArrowRight}{ArrowRight}{ArrowRight}{ArrowRight}");
  await shown.findByText("Fits on gpu-01, about 4 s");
  expect(world.explained.slice(before).filter((each) => (each as { gpus: number }).gpus !== 2).length).toBeLessThan(3);
});

it("promises no seconds where none are known, and says that the image must be fetched", async () => {
  const unknown = { predicted_seconds: null };
  const { shown } = await drawer({
    explanation: explanation({ ...unknown, machines: [verdict({ ...unknown, image: "absent" })] }),
  });
  expect(await shown.findByText("Fits on gpu-01")).toBeVisible();
  expect(shown.getByText("The image must be fetched there first.")).toBeVisible();
});

it("says that nobody knows whether it fits, and lets one try", async () => {
  const { shown } = await drawer({ explanation: problem(503, "broker-unavailable", "Away") });
  expect(await shown.findByText(/Whether it fits is not known now/)).toBeVisible();
  expect(shown.getByRole("button", { name: "Start my container" })).toBeEnabled();
});

it("says what stops a wish on every machine, and that nothing smaller fits", async () => {
  const everywhere = { rule: "quota-exceeded", text: "Your limit of gpus is 1; you hold 1, and this would add 1." };
  const { shown } = await drawer({ explanation: { ...full, everywhere, offers: [] } });
  expect(await shown.findByText(everywhere.text)).toBeVisible();
  expect(shown.queryByText(/0 of its 2 GPUs free/)).toBeNull();
  expect(shown.getByText(/Nothing smaller fits either/)).toBeVisible();
});

it("names three of many machines that do not fit, and counts the others", async () => {
  const many = ["a", "b", "c", "d", "e"].map((name) =>
    verdict({ name, misfit: { ...taken, text: `${name} is full.` } }),
  );
  const { shown } = await drawer({ explanation: { ...full, machines: many } });
  expect(await shown.findByText("and 2 more machines")).toBeVisible();
  expect(shown.queryByText(/d is full/)).toBeNull();
});

it("gives a reason in the person's language, the numbers beside it", async () => {
  await drawer({ explanation: full }, { language: "ja", catalogue: ja });
  expect(await screen.findByText(/GPU はすべて使用中です。/)).toBeVisible();
  expect(screen.getByText("0 of its 2 GPUs free; 1 wanted.")).toHaveAttribute("lang", "en");
});
