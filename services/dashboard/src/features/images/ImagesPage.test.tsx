import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { admin, image, on, problem } from "../../testing/factories";
import { page, worldOf } from "../../testing/world";
import ja from "../../words/ja";
import zh from "../../words/zh-CN";

const GIB = 2 ** 30;
const LAB = image({ description: "For everybody.", machines: [on("gpu-01"), on("gpu-02"), on("gpu-03")] });
const TORCH = image({
  name: "torch",
  title: "PyTorch",
  needs_gpu: true,
  cuda: "12.4",
  machines: [
    on("gpu-01", "pulling", { pulled_bytes: 3 * GIB, total_bytes: 12 * GIB }),
    on("gpu-02", "absent", { error: "Its machine has no room." }),
    on("gpu-03", "absent"),
  ],
});

const card = async (name: string) => within(await screen.findByRole("article", { name }));
const cell = async (machine: string, column: number) => {
  const row = within(await screen.findByRole("table"))
    .getByRole("rowheader", { name: machine })
    .closest("tr");
  return within(row as HTMLElement).getAllByRole("cell")[column] as HTMLElement;
};
const rows = () => within(screen.getByRole("table")).getAllByRole("rowheader");
const button = (name: string) => screen.findByRole("button", { name });

describe("the catalogue", () => {
  it("is waited for", async () => {
    worldOf({ silent: true });
    page("/images");
    expect(await screen.findByRole("status", { name: "Loading" })).toBeVisible();
  });

  it("tells of each image what it is, its tag, its digest and its size", async () => {
    worldOf({ images: [LAB, TORCH] });
    page("/images");
    const lab = await card("JupyterLab");
    for (const text of [
      "Default",
      "For everybody.",
      "registry.lan/shiva-jupyter:2026.1",
      "sha256:5f2b7c1d5f2b…",
      "2.0 GiB",
    ]) {
      expect(lab.getByText(text)).toBeVisible();
    }
    const torch = await card("PyTorch");
    expect(torch.getByText("Needs a GPU")).toBeVisible();
    expect(torch.getByText("CUDA 12.4")).toBeVisible();
    expect(torch.queryByText("Default")).toBeNull();
  });

  it("does not make up what no registry told", async () => {
    worldOf({ images: [image({ digest: null, size_bytes: null, trouble: "The registry does not answer." })] });
    page("/images");
    const lab = await card("JupyterLab");
    expect(lab.getByText("not known; the tag counts")).toBeVisible();
    expect(lab.getByText("unknown")).toBeVisible();
    expect(lab.getByText("The registry does not answer.").closest("[lang]")).toHaveAttribute("lang", "en");
    expect(lab.queryByText(/0 B/)).toBeNull();
  });

  it("sums up on how many machines an image is, and is not", async () => {
    worldOf({ images: [LAB, TORCH] });
    page("/images");
    expect((await card("JupyterLab")).getByText("On 3 of 3 machines")).toBeVisible();
    const torch = await card("PyTorch");
    for (const text of [
      "On 0 of 3 machines",
      "On its way to 1 machine",
      "2 machines lack it",
      "Fetching failed on 1 machine",
    ]) {
      expect(torch.getByText(text)).toBeVisible();
    }
  });

  it("may be empty", async () => {
    worldOf({ images: [] });
    page("/images");
    expect(await screen.findByText(/No image is on offer/)).toBeVisible();
    expect(screen.queryByRole("table")).toBeNull();
  });

  it("may know no machine", async () => {
    worldOf({ images: [image({ machines: [] })] });
    page("/images");
    expect(await screen.findByText(/No machine is known yet/)).toBeVisible();
    expect(screen.queryByRole("table")).toBeNull();
  });

  it("says why it is not known, with the code", async () => {
    worldOf({ images: problem(503, "broker-unavailable", "Containers cannot be started or stopped now") });
    page("/images");
    expect(await screen.findByText("broker-unavailable")).toBeVisible();
    expect(screen.queryByRole("article")).toBeNull();
  });

  it("says that one may not see it", async () => {
    worldOf({ images: problem(403, "scope-missing", "This token may not do that") });
    page("/images");
    expect(await screen.findByText("scope-missing")).toBeVisible();
  });

  it("stays, and says how old it is, while Shiva is away", async () => {
    const world = worldOf({ images: [LAB] });
    page("/images");
    await card("JupyterLab");
    world.unreachable = true;
    expect(await screen.findByText(/What is shown is \d+ s old/, {}, { timeout: 8_000 })).toBeVisible();
    expect(screen.getByText("unreachable")).toBeVisible();
    expect(screen.getByText("On 3 of 3 machines")).toBeVisible();
  }, 12_000);

  it.each([
    ["ja", ja, "マシン 3 台中 3 台にあり"],
    ["zh-CN", zh, "3 台机器中有 3 台已有"],
  ] as const)("speaks %s", async (language, catalogue, sentence) => {
    worldOf({ images: [LAB] });
    page("/images", { language, catalogue });
    expect(await screen.findByText(sentence)).toBeVisible();
  });
});

describe("which machine has which", () => {
  it("is said by a word and an icon", async () => {
    worldOf({ images: [LAB, TORCH] });
    page("/images");
    expect(await cell("gpu-02", 0)).toHaveTextContent("Present");
    expect(await cell("gpu-02", 1)).toHaveTextContent(/Absent.*Fetching failed.*Its machine has no room/);
    expect((await cell("gpu-03", 1)).querySelector("svg")).toBeVisible();
  });

  it("shows how far a machine is, in bytes and by a bar", async () => {
    worldOf({ images: [LAB, TORCH] });
    page("/images");
    const fetched = await cell("gpu-01", 1);
    expect(fetched).toHaveTextContent(/Being fetched.*25% · 3.0 \/ 12.0 GiB/);
    const bar = within(fetched).getByRole("progressbar", { name: "PyTorch on its way to gpu-01" });
    expect(bar).toHaveAttribute("aria-valuenow", "25");
  });

  it("shows no amount where the engine tells none", async () => {
    worldOf({ images: [image({ machines: [on("gpu-01", "pulling")] })] });
    page("/images");
    const fetched = await cell("gpu-01", 0);
    expect(fetched).toHaveTextContent(/^Being fetched$/);
    expect(within(fetched).getByRole("progressbar")).not.toHaveAttribute("aria-valuenow");
  });

  it("is unknown on a machine that is away, and not “absent”", async () => {
    worldOf({ images: [image({ machines: [on("gpu-01"), on("gpu-02", "unknown")] })] });
    page("/images");
    expect(await cell("gpu-02", 0)).toHaveTextContent(/^Unknown$/);
    expect((await card("JupyterLab")).getByText("Unknown on 1 machine")).toBeVisible();
    expect(screen.queryByText(/does not tell which machines/)).toBeNull();
  });

  it("is said to be untold where the whole cluster tells nothing", async () => {
    worldOf({ images: [image({ machines: [on("gpu-01", "unknown"), on("gpu-02", "unknown")] })] });
    page("/images");
    expect(await screen.findByText(/This cluster does not tell which machines have an image/)).toBeVisible();
  });

  it("follows by itself", async () => {
    const world = worldOf({ images: [TORCH] });
    page("/images");
    expect(await cell("gpu-01", 0)).toHaveTextContent("25%");
    world.images = [{ ...TORCH, machines: [on("gpu-01")] }];
    await waitFor(async () => expect(await cell("gpu-01", 0)).toHaveTextContent("Present"), { timeout: 5_000 });
  }, 10_000);

  it("can be narrowed to the machines that lack something, or that are called so", async () => {
    worldOf({ images: [LAB, TORCH] });
    page("/images");
    await userEvent.click(await button("Lack an image"));
    expect(rows().map((each) => each.textContent)).toEqual(["gpu-02", "gpu-03"]);
    await userEvent.click(await button("Fetching"));
    expect(rows().map((each) => each.textContent)).toEqual(["gpu-01"]);
    await userEvent.click(await button("All"));
    await userEvent.type(screen.getByRole("searchbox", { name: "Search machines" }), " GPU-03");
    expect(rows().map((each) => each.textContent)).toEqual(["gpu-03"]);
  });

  it("says when no machine is like that, and shows all again", async () => {
    worldOf({ images: [LAB] });
    page("/images");
    await userEvent.click(await button("Lack an image"));
    expect(screen.getByText("No machine is like that.")).toBeVisible();
    await userEvent.click(await button("Show all machines"));
    expect(rows()).toHaveLength(3);
  });

  it("stands a thousand machines with long names, page by page", async () => {
    const names = Array.from(
      { length: 1000 },
      (_, n) => `${"machine-of-the-basement-left-rack-".padEnd(36, "x")}${n + 1000}`,
    );
    worldOf({ images: [image({ machines: names.map((name) => on(name)) })] });
    page("/images");
    expect(await screen.findByText("On 1,000 of 1,000 machines")).toBeVisible();
    expect(rows()).toHaveLength(25);
    await userEvent.click(screen.getByRole("button", { name: "Go to next page" }));
    expect(rows()[0]).toHaveTextContent(String(names[25]));
  });
});

describe("an admin", () => {
  it("has one machine fetch an image, and the keyboard stays where it was", async () => {
    const world = worldOf({ me: admin(), images: [LAB, TORCH] });
    page("/images");
    await userEvent.click(await button("Fetch PyTorch to gpu-03"));
    expect(world.changes).toEqual([["POST admin/images/torch/pull", { machines: ["gpu-03"] }]]);
    expect(await screen.findByText(/It is being fetched/)).toBeVisible();
    expect(document.activeElement).toBe(await cell("gpu-03", 1));
  });

  it("has all that lack it fetch an image, once it was asked what that costs", async () => {
    const world = worldOf({ me: admin(), images: [LAB, { ...TORCH, size_bytes: 12 * GIB }] });
    page("/images");
    await userEvent.click(await button("Fetch to all 2 machines that lack it: PyTorch"));
    const dialog = within(await screen.findByRole("dialog", { name: "Fetch PyTorch?" }));
    expect(dialog.getByText(/2 machines fetch up to 12.0 GiB each/)).toBeVisible();
    expect(world.changes).toEqual([]);
    await userEvent.click(dialog.getByRole("button", { name: "Fetch" }));
    expect(world.changes).toEqual([["POST admin/images/torch/pull", { machines: null }]]);
  });

  it("may think better of it", async () => {
    const world = worldOf({ me: admin(), images: [TORCH] });
    page("/images");
    await userEvent.click(await button("Fetch to all 2 machines that lack it: PyTorch"));
    await userEvent.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Cancel" }));
    expect(world.changes).toEqual([]);
  });

  it("is told why it cannot be fetched, with the code", async () => {
    worldOf({
      me: admin(),
      images: [TORCH],
      change: problem(503, "launcher-unavailable", "The engine does not answer"),
    });
    page("/images");
    await userEvent.click(await button("Fetch PyTorch to gpu-03"));
    expect(await screen.findByText("launcher-unavailable")).toBeVisible();
    expect(screen.queryByText(/It is being fetched/)).toBeNull();
  });

  it("is offered nothing where nothing lacks", async () => {
    worldOf({ me: admin(), images: [LAB] });
    page("/images");
    await screen.findByRole("table");
    expect(screen.queryByRole("button", { name: /^Fetch(?!ing)/ })).toBeNull();
  });

  it("alone is offered it", async () => {
    worldOf({ images: [TORCH] });
    page("/images");
    await screen.findByRole("table");
    expect(screen.queryByRole("button", { name: /^Fetch(?!ing)/ })).toBeNull();
  });
});
