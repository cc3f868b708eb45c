import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { browser } from "../../api/browser";
import {
  booting,
  container,
  explanation,
  gpu,
  log,
  machine,
  overview,
  problem,
  verdict,
} from "../../testing/factories";
import { page, worldOf } from "../../testing/world";

const startButton = () => screen.findByRole("button", { name: "Start my container" });
const offers = [{ text: "Without a GPU it fits on gpu-01.", machine: "gpu-01", wish: { name: "default", gpus: 0 } }];

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

  it("says how long it should take, of what was predicted when the button was pressed", async () => {
    const requested_at = new Date(Date.now() - 1_000).toISOString();
    worldOf({ start: booting({ requested_at }), explanation: explanation({ predicted_seconds: 3_600 }) });
    page();
    await screen.findByText("Fits on gpu-01, about 1 h 0 m");
    await userEvent.click(await startButton());
    expect(await screen.findByText(/^\d+\.\d s of about 1 h 0 m$/)).toBeVisible();
  });

  it("that takes longer than predicted says so, and that it goes on", async () => {
    worldOf({ start: booting(), explanation: explanation({ predicted_seconds: 4 }) });
    page();
    await screen.findByText("Fits on gpu-01, about 4 s");
    await userEvent.click(await startButton());
    expect(await screen.findByText(/longer than the usual 4\.0 s\. It goes on\./)).toBeVisible();
  });

  it("asks once, however often one clicks, for a GPU where one is free", async () => {
    const world = worldOf({ start: booting() });
    page();
    await userEvent.dblClick(await startButton());
    await screen.findByRole("group", { name: "Starting …" });
    expect(world.wishes).toEqual([{ name: "default", machine: null, image: null, gpus: 1 }]);
  });

  it("asks again with the same key when the answer was lost, and says that nothing is started twice", async () => {
    const world = worldOf({ start: booting(), startsLost: 1 });
    page();
    await userEvent.click(await startButton());
    expect(await screen.findByText(/Nothing is started twice/)).toBeVisible();
    await screen.findByRole("group", { name: "Starting …" });
    expect(world.keys).toHaveLength(2);
    expect(world.keys[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(world.keys[1]).toBe(world.keys[0]);
  });

  it("takes another key for another press", async () => {
    const world = worldOf({ start: problem(409, "no-capacity", "No machine fits now") });
    page();
    await userEvent.click(await startButton());
    await screen.findByText("No machine fits now");
    await userEvent.click(await startButton());
    await waitFor(() => expect(world.keys).toHaveLength(2));
    expect(world.keys[1]).not.toBe(world.keys[0]);
  });

  it("goes to the machine whose card was used", async () => {
    const world = worldOf({ start: booting() });
    page();
    await userEvent.click(await screen.findByRole("button", { name: /Start here/ }));
    await screen.findByRole("group", { name: "Starting …" });
    expect(world.wishes).toMatchObject([{ machine: "gpu-01" }]);
  });

  it("that is refused says why, machine by machine, and starts by one click what would fit", async () => {
    const reasons = { "gpu-01": "0 of its 2 GPUs free; 1 wanted." };
    const world = worldOf({ start: problem(409, "no-capacity", "No machine fits now", { reasons, offers }) });
    page();
    await userEvent.click(await startButton());
    expect(await screen.findByText("No machine fits now")).toBeVisible();
    expect(screen.getByText(/0 of its 2 GPUs free/)).toBeVisible();
    expect(screen.getByText("no-capacity")).toBeVisible();
    expect(await startButton()).toBeEnabled();
    world.start = booting();
    await userEvent.click(screen.getByRole("button", { name: "Start without a GPU on gpu-01" }));
    await screen.findByRole("group", { name: "Starting …" });
    expect(world.wishes.at(-1)).toMatchObject({ machine: null, gpus: 0 });
    expect(screen.queryByText("No machine fits now")).toBeNull();
  });

  it("can be cancelled at once, without a question", async () => {
    const world = worldOf({ containers: [booting()] });
    page();
    await userEvent.click(await screen.findByRole("button", { name: "Cancel start" }));
    expect(await startButton()).toBeEnabled();
    expect(world.stopped).toEqual(["ada--default"]);
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  it("by somebody else's page, or found on arrival, does not take me away", async () => {
    worldOf({ containers: [container()] });
    page();
    await screen.findByRole("link", { name: "Open JupyterLab" });
    expect(browser.goTo).not.toHaveBeenCalled();
  });
});

describe("a new tab", () => {
  const ready = async () => {
    const world = worldOf({ start: booting() });
    page();
    await userEvent.click(await startButton());
    await userEvent.click(await screen.findByRole("checkbox", { name: "Open JupyterLab in a new tab" }));
    world.containers = [container()];
    return screen.findByRole("article", { name: "My container: default" });
  };

  it("is opened where that was chosen, and remembered", async () => {
    const opened = vi.spyOn(browser, "openTab").mockReturnValue(true);
    await ready();
    await waitFor(() => expect(opened).toHaveBeenCalledExactlyOnceWith("/user/ada/"));
    expect(browser.goTo).not.toHaveBeenCalled();
    expect(window.localStorage.getItem("shiva.new-tab")).toBe("1");
    expect(screen.getByRole("link", { name: "Open JupyterLab" })).toHaveAttribute("target", "_blank");
  });

  it("that the browser does not allow is a sentence and a button", async () => {
    vi.spyOn(browser, "openTab").mockReturnValue(false);
    await ready();
    const told = (await screen.findByText(/did not let this page open a tab/)).closest(".MuiAlert-root") as HTMLElement;
    expect(within(told).getByRole("link", { name: "Open JupyterLab" })).toHaveAttribute("href", "/user/ada/");
  });

  it("knows nothing of the page that opened it", () => {
    const tab = { opener: window, location: { replace: vi.fn() } };
    vi.spyOn(window, "open").mockReturnValue(tab as unknown as Window);
    expect(browser.openTab("/user/ada/")).toBe(true);
    expect(tab.opener).toBeNull();
    expect(String(tab.location.replace.mock.calls[0]?.[0])).toBe(`${window.location.origin}/user/ada/`);
    vi.mocked(window.open).mockReturnValue(null);
    expect(browser.openTab("/user/ada/")).toBe(false);
  });
});

describe("a start that failed", () => {
  const failed = container({ state: "failed", reason: "Jupyter ended with exit status 1.", gpus: ["GPU-1"] });

  it("shows the cause, what is safe, and what it wrote last", async () => {
    worldOf({ containers: [failed], log: log({ lines: ["ImportError: no module"] }) });
    page();
    expect(await screen.findByText("Jupyter ended with exit status 1.")).toBeVisible();
    expect(screen.getByText("Failed")).toBeVisible();
    expect(screen.getByText(/all files in it are safe/)).toBeVisible();
    expect(await screen.findByText("ImportError: no module")).toBeVisible();
    expect(screen.queryByRole("link", { name: "Open JupyterLab" })).toBeNull();
  });

  it("is removed at once, without a question", async () => {
    const world = worldOf({ containers: [failed] });
    page();
    await userEvent.click(await screen.findByRole("button", { name: "Remove" }));
    expect(await startButton()).toBeEnabled();
    expect(world.stopped).toEqual(["ada--default"]);
  });

  it("is tried again with the same wish, on whatever machine it fits", async () => {
    const world = worldOf({ containers: [failed], start: booting() });
    page();
    expect(await screen.findByText("Fits on gpu-01, about 4 s")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    await screen.findByRole("group", { name: "Starting …" });
    expect(world.wishes).toEqual([{ name: "default", machine: null, image: "shiva-jupyter", gpus: 1 }]);
  });

  it("offers what would fit where the same does not", async () => {
    const misfit = { rule: "gpus-taken", text: "0 of its 1 GPU free; 1 wanted." };
    const told = { fits: false, machine: null, machines: [verdict({ misfit })], offers };
    const world = worldOf({ containers: [failed], start: booting(), explanation: explanation(told) });
    page();
    await userEvent.click(await screen.findByRole("button", { name: "Start without a GPU on gpu-01" }));
    await screen.findByRole("group", { name: "Starting …" });
    expect(world.wishes).toMatchObject([{ gpus: 0 }]);
  });

  it("says that no log is kept where none is", async () => {
    worldOf({ containers: [failed], log: log({ lines: null }) });
    page();
    expect(await screen.findByText("No log is kept of this container.")).toBeVisible();
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

describe("my containers", () => {
  it("name their GPUs as the machine does", async () => {
    const gpus = [gpu({ uuid: "GPU-7", index: 3 }), gpu({ uuid: "GPU-8", index: 4 })];
    worldOf({ machines: overview([machine({ gpus })]), containers: [container({ gpus: ["GPU-7", "GPU-8"] })] });
    page();
    const card = within(await screen.findByRole("article", { name: "My container: default" }));
    expect(await card.findByText(/GPU 3, 4 \(NVIDIA GeForce GTX 1080\)/)).toBeVisible();
  });

  it("count GPUs that no machine tells of", async () => {
    worldOf({ containers: [container({ machine: "gpu-09", gpus: ["GPU-7", "GPU-8"] })] });
    page();
    const card = within(await screen.findByRole("article", { name: "My container: default" }));
    expect(card.getByText(/· 2 GPUs/)).toBeVisible();
  });

  it("whose machine does not answer are lost, and come back by themselves", async () => {
    worldOf({ containers: [container({ state: "lost" })] });
    page();
    expect(await screen.findByText(/it comes back by itself when the machine does/)).toBeVisible();
    expect(screen.queryByRole("link", { name: "Open JupyterLab" })).toBeNull();
  });

  it("lead to their own pages", async () => {
    worldOf({ containers: [container()] });
    page();
    await userEvent.click(await screen.findByRole("link", { name: "Details of default" }));
    expect(await screen.findByRole("heading", { level: 1, name: "Container default" })).toBeVisible();
  });

  it("that cannot be listed are a problem, and no start is offered", async () => {
    worldOf({ containers: problem(503, "broker-unavailable", "Containers cannot be started or stopped now") });
    page();
    expect(await screen.findByText("Containers cannot be started or stopped now")).toBeVisible();
    expect(screen.queryByRole("button", { name: "Start my container" })).toBeNull();
  });

  it("stay, with their age, when they cannot be listed any more", async () => {
    const world = worldOf({ containers: [container()] });
    page();
    await screen.findByRole("link", { name: "Open JupyterLab" });
    world.containers = problem(503, "broker-unavailable", "Containers cannot be started or stopped now");
    expect(await screen.findByText(/^This is \d+ s old/)).toBeVisible();
    expect(screen.getByRole("link", { name: "Open JupyterLab" })).toBeVisible();
  });
});

it("gives the keyboard its places: what starts, and what opens", async () => {
  worldOf({ containers: [container({ name: "other", id: "ada--other" })] });
  page();
  expect(await startButton()).toHaveAttribute("data-shortcut", "start");
  expect(screen.getByRole("link", { name: "Open JupyterLab" })).toHaveAttribute("data-shortcut", "open");
});
