import { screen, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { container, gpu, machine, me, overview, problem } from "../testing/factories";
import { page, worldOf } from "../testing/world";

const two = machine({ gpus: [gpu(), gpu({ uuid: "GPU-2", index: 1 })], gpus_free: 1 });
const parts = async () => {
  const strip = within(await screen.findByRole("list", { name: "Free GPUs and yours" }));
  return strip.getAllByRole("listitem").map((part) => part.textContent);
};

it.each([
  ["what is free", [two], ["1 free GPU of 2", "you use 0"]],
  ["no machine that cannot be reached", [machine({ state: "unreachable" }), two], ["1 free GPU of 3", "you use 0"]],
  ["nothing as free that nobody tells of", [machine({ gpus_free: null })], ["1 GPU, free ones unknown", "you use 0"]],
  ["at least what is told", [machine({ gpus_free: null }), two], ["at least 1 free GPU of 3", "you use 0"]],
  ["machines where there are no GPUs", [machine({ gpus: [], gpu_driver: "none" })], ["No GPUs here", "1 machine"]],
] as const)("counts %s", async (_, machines, text) => {
  worldOf({ machines: overview([...machines]) });
  page();
  await screen.findByText(text[1]);
  expect(await parts()).toEqual(text);
});

it("counts what I hold, not what failed, and says how much I may", async () => {
  const mine = [
    container({ gpus: ["GPU-1"] }),
    container({ id: "ada--b", name: "b", gpus: ["GPU-9"], state: "failed" }),
  ];
  worldOf({ machines: overview([two]), containers: mine, me: me({ quota: { containers: null, gpus: 2 } }) });
  page();
  await screen.findByText("you use 1");
  expect(await parts()).toEqual(["1 free GPU of 2", "you use 1", "quota 2"]);
});

it("claims nothing of what I use while nobody tells", async () => {
  worldOf({ containers: problem(503, "broker-unavailable", "Containers cannot be started or stopped now") });
  page();
  expect(await screen.findByText("what you use is unknown")).toBeVisible();
});
