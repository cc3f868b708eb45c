import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { browser } from "../../api/browser";
import { booting, container, machine, overview, problem } from "../../testing/factories";
import { page, worldOf } from "../../testing/world";

const startButton = () => screen.findByRole("button", { name: "Start my container" });

describe("starting", () => {
  it("shows each phase with its seconds, then the time to notebook, and opens the notebook", async () => {
    const world = worldOf({ start: booting() });
    page();
    await userEvent.click(await startButton());
    const progress = within(await screen.findByRole("group", { name: "Starting …" }));
    for (const text of ["Placed", "Created", "Booting", "Ready", "0.0 s", "0.2 s"]) {
      expect(progress.getByText(text)).toBeVisible();
    }
    expect(progress.getAllByText("…")).toHaveLength(2);
    expect(browser.goTo).not.toHaveBeenCalled();

    world.containers = [container()];
    expect(await screen.findByText(/ready in 2\.3 s/)).toBeVisible();
    expect(browser.goTo).toHaveBeenCalledExactlyOnceWith("/user/ada/");
    expect(screen.getByRole("link", { name: "Open JupyterLab" })).toHaveAttribute("href", "/user/ada/");
    expect(screen.queryByRole("button", { name: "Start my container" })).toBeNull();
  });

  it("asks once, however often one clicks, for a GPU where one is free", async () => {
    const world = worldOf({ start: booting() });
    page();
    await userEvent.dblClick(await startButton());
    await screen.findByRole("group", { name: "Starting …" });
    expect(world.wishes).toEqual([{ name: "default", machine: null, image: null, gpus: 1 }]);
  });

  it("goes where the options say", async () => {
    const machines = [machine({ name: "gpu-01" }), machine({ name: "gpu-02" })];
    const world = worldOf({ start: booting(), machines: overview(machines) });
    page();
    await userEvent.click(await screen.findByRole("button", { name: "Options" }));
    const dialog = within(await screen.findByRole("dialog"));
    await userEvent.click(dialog.getByRole("combobox", { name: "Machine" }));
    await userEvent.click(await screen.findByRole("option", { name: "gpu-02" }));
    await userEvent.click(dialog.getByRole("combobox", { name: "GPUs" }));
    await userEvent.click(await screen.findByRole("option", { name: "0" }));
    await userEvent.click(dialog.getByRole("button", { name: "Start my container" }));
    await screen.findByRole("group", { name: "Starting …" });
    expect(world.wishes).toMatchObject([{ machine: "gpu-02", gpus: 0 }]);
  });

  it("goes to the machine whose card was used", async () => {
    const world = worldOf({ start: booting() });
    page();
    await userEvent.click(await screen.findByRole("button", { name: "Start here" }));
    await screen.findByRole("group", { name: "Starting …" });
    expect(world.wishes).toMatchObject([{ machine: "gpu-01" }]);
  });

  it("that is refused says why, machine by machine, and can be tried again", async () => {
    const reasons = { "gpu-01": "0 of its 2 GPUs free; 1 wanted." };
    const offers = [{ text: "Without a GPU it fits on gpu-01.", machine: "gpu-01", wish: {} }];
    worldOf({ start: problem(409, "no-capacity", "No machine fits now", { reasons, offers }) });
    page();
    await userEvent.click(await startButton());
    expect(await screen.findByText("No machine fits now")).toBeVisible();
    expect(screen.getByText(/0 of its 2 GPUs free/)).toBeVisible();
    expect(screen.getByText(/you could have now: Without a GPU it fits on gpu-01/)).toBeVisible();
    expect(screen.getByText("no-capacity")).toBeVisible();
    expect(await startButton()).toBeEnabled();
  });

  it("that failed shows the reason, and offers another start", async () => {
    worldOf({ containers: [container({ state: "failed", reason: "Jupyter ended with exit status 1." })] });
    page();
    expect(await screen.findByText("Jupyter ended with exit status 1.")).toBeVisible();
    expect(screen.getByText("Failed")).toBeVisible();
    expect(await startButton()).toBeEnabled();
    expect(screen.queryByRole("link", { name: "Open JupyterLab" })).toBeNull();
  });

  it("by somebody else's page, or found on arrival, does not take me away", async () => {
    worldOf({ containers: [container()] });
    page();
    await screen.findByRole("link", { name: "Open JupyterLab" });
    expect(browser.goTo).not.toHaveBeenCalled();
  });
});

describe("stopping", () => {
  const ask = async () => {
    await userEvent.click(await screen.findByRole("button", { name: "Stop" }));
    return within(await screen.findByRole("dialog", { name: "Stop your container?" }));
  };

  it("is asked once, and then the start button is back", async () => {
    const world = worldOf({ containers: [container()] });
    page();
    const dialog = await ask();
    expect(dialog.getByText(/Your home and all files in it are kept/)).toBeVisible();
    await userEvent.click(dialog.getByRole("button", { name: "Stop container" }));
    expect(await startButton()).toBeEnabled();
    expect(world.stopped).toEqual(["ada--default"]);
  });

  it("can be thought over", async () => {
    const world = worldOf({ containers: [container()] });
    page();
    await userEvent.click((await ask()).getByRole("button", { name: "Cancel" }));
    expect(world.stopped).toEqual([]);
    expect(screen.getByRole("link", { name: "Open JupyterLab", hidden: true })).toBeVisible();
  });

  it("that does not work says why", async () => {
    worldOf({
      containers: [container()],
      stop: problem(503, "broker-unavailable", "Containers cannot be stopped now"),
    });
    page();
    await userEvent.click((await ask()).getByRole("button", { name: "Stop container" }));
    expect(await screen.findByText("Containers cannot be stopped now")).toBeVisible();
  });
});

it("that cannot be listed is a problem, and offers no start", async () => {
  worldOf({ containers: problem(503, "broker-unavailable", "Containers cannot be started or stopped now") });
  page();
  expect(await screen.findByText("Containers cannot be started or stopped now")).toBeVisible();
  expect(screen.queryByRole("button", { name: "Start my container" })).toBeNull();
});
