import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { act, admin, container, gpu, machine, me, overview, person, problem, token } from "../../testing/factories";
import { page, type World, worldOf } from "../../testing/world";
import zh from "../../words/zh-CN";

const asAdmin = (changes: Partial<World> = {}) => worldOf({ me: admin(), ...changes });
const press = async (name: string) => userEvent.click(await screen.findByRole("button", { name }));

async function because(reason: string, confirm: string) {
  await userEvent.type(await screen.findByRole("textbox", { name: /Reason/ }), reason);
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: confirm }));
}

describe("the page", () => {
  it("is for admins", async () => {
    const world = worldOf({ me: me(), people: [person()] });
    page("/admin");
    expect(await screen.findByText("This page is for admins")).toBeVisible();
    expect(screen.queryByRole("table")).toBeNull();
    expect(world.asked).toEqual([]);
  });

  it("has a part for each thing, each with an address", async () => {
    asAdmin({ acts: [act()] });
    page("/admin");
    const parts = await screen.findAllByRole("tab");
    expect(parts.map((part) => part.getAttribute("href"))).toEqual(
      ["people", "containers", "machines", "announcement", "tokens", "audit"].map((part) => `/admin/${part}`),
    );
    await userEvent.click(screen.getByRole("tab", { name: "Audit log" }));
    expect(await screen.findByText("machine.drain")).toBeVisible();
  });
});

describe("people", () => {
  it("are shown with what they may and hold", async () => {
    asAdmin({ people: [person(), person({ name: "eve", refused: "guest-expired", held: null })] });
    page("/admin/people");
    const rows = within(await screen.findByRole("table")).getAllByRole("row");
    expect(rows[1]).toHaveTextContent(
      /Kenken@example.comUser.*2026.*2 containers, any GPUsholds 1 container, 0 GPUsAdmitted/,
    );
    expect(rows[2]).toHaveTextContent("what is held is not known nowRefusedguest-expired");
  });

  it("are barred with a reason", async () => {
    const world = asAdmin({ people: [person()] });
    page("/admin/people");
    await press("Bar: ken");
    expect(within(screen.getByRole("dialog")).getByRole("button", { name: "Bar" })).toBeDisabled();
    await because("Left the company.", "Bar");
    await waitFor(() =>
      expect(world.changes).toEqual([["PUT admin/people/ken/barred", { barred: true, reason: "Left the company." }]]),
    );
  });

  it("are admitted again", async () => {
    const world = asAdmin({ people: [person({ barred: "Left." })] });
    page("/admin/people");
    expect(await screen.findByText("Barred")).toBeVisible();
    expect(screen.getByText("Left.")).toBeVisible();
    await press("Admit again: ken");
    await userEvent.click(screen.getByRole("button", { name: "Admit again" }));
    await waitFor(() => expect(world.changes).toEqual([["PUT admin/people/ken/barred", { barred: false }]]));
  });

  it("are logged out everywhere", async () => {
    const world = asAdmin({ people: [person()] });
    page("/admin/people");
    await press("Log out everywhere: ken");
    await userEvent.click(screen.getByRole("button", { name: "Log out everywhere" }));
    await waitFor(() => expect(world.changes).toEqual([["POST admin/people/ken/logout", null]]));
  });

  it("get a quota of their own, where an empty field is no limit", async () => {
    const world = asAdmin({ people: [person()] });
    page("/admin/people");
    await press("Quota: ken");
    const asked = within(screen.getByRole("dialog"));
    expect(asked.getByRole("button", { name: "As everybody" })).toBeDisabled();
    await userEvent.clear(asked.getByRole("spinbutton", { name: "Containers" }));
    await userEvent.type(asked.getByRole("spinbutton", { name: "GPUs" }), "4");
    await userEvent.click(asked.getByRole("button", { name: "Set quota" }));
    await waitFor(() => expect(world.changes).toEqual([["PUT admin/people/ken/quota", { containers: null, gpus: 4 }]]));
  });

  it("get everybody's quota back", async () => {
    const world = asAdmin({ people: [person({ own_quota: { containers: 9, gpus: 9 } })] });
    page("/admin/people");
    await press("Quota: ken");
    await press("As everybody");
    await waitFor(() => expect(world.changes).toEqual([["DELETE admin/people/ken/quota", null]]));
  });

  it("say why a change was refused", async () => {
    asAdmin({ people: [person()], change: problem(409, "not-yourself", "You cannot shut yourself out") });
    page("/admin/people");
    await press("Bar: ken");
    await because("Me.", "Bar");
    expect(await screen.findByText("not-yourself")).toBeVisible();
  });

  it("may be none", async () => {
    asAdmin({ people: [] });
    page("/admin/people");
    expect(await screen.findByText("Nobody has logged in yet.")).toBeVisible();
  });

  it("say why they are not known", async () => {
    asAdmin({ people: problem(503, "store-unavailable", "It cannot be read now") });
    page("/admin/people");
    expect(await screen.findByText("store-unavailable")).toBeVisible();
  });
});

describe("a change", () => {
  it("is said to be done", async () => {
    asAdmin({ people: [person()] });
    page("/admin/people");
    await press("Log out everywhere: ken");
    await press("Log out everywhere");
    expect(await screen.findByText("Done, and noted in the audit log.")).toBeVisible();
  });

  it("that failed is told until it is put away", async () => {
    asAdmin({ change: problem(503, "switch-not-kept", "It cannot be kept") });
    page("/admin/machines");
    await press("Drain: gpu-01");
    await because("x", "Drain");
    const told = await screen.findByText("switch-not-kept");
    await press("Close");
    await waitFor(() => expect(told).not.toBeInTheDocument());
  });

  it("that an admin is no longer allowed says so", async () => {
    asAdmin({ people: problem(403, "admins-only", "Only admins may do that") });
    page("/admin/people");
    expect(await screen.findByText("admins-only")).toBeVisible();
    expect(screen.queryByRole("table")).toBeNull();
  });
});

describe("containers", () => {
  it("are everybody's, and end when an admin says so twice", async () => {
    const world = asAdmin({ containers: [container({ id: "ken--gpu", owner: "ken", name: "gpu", gpus: ["GPU-1"] })] });
    page("/admin/containers");
    expect((await screen.findAllByRole("row"))[1]).toHaveTextContent(/^kengpuRunninggpu-011Nov.*Stop$/);
    await press("Stop: ken--gpu");
    expect(world.stopped).toEqual([]);
    await press("Stop container");
    expect(await screen.findByText("Nobody has a container.")).toBeVisible();
    expect(world.stopped).toEqual(["ken--gpu"]);
  });

  it("say why one does not end", async () => {
    asAdmin({
      containers: [container()],
      stop: problem(503, "broker-unavailable", "Containers cannot be stopped now"),
    });
    page("/admin/containers");
    await press("Stop: ada--default");
    await press("Stop container");
    expect(await screen.findByText("broker-unavailable")).toBeVisible();
  });
});

describe("machines", () => {
  it("are drained with a reason", async () => {
    const world = asAdmin();
    page("/admin/machines");
    await press("Drain: gpu-01");
    await because("A new disk.", "Drain");
    await waitFor(() =>
      expect(world.changes).toEqual([["PUT admin/machines/gpu-01/drained", { drained: true, reason: "A new disk." }]]),
    );
  });

  it("are opened again", async () => {
    const world = asAdmin({ machines: overview([machine({ state: "closed", closed: "A new disk." })]) });
    page("/admin/machines");
    expect(await screen.findByText("A new disk.")).toBeVisible();
    await press("Undrain: gpu-01");
    await waitFor(() => expect(world.changes).toEqual([["PUT admin/machines/gpu-01/drained", { drained: false }]]));
  });

  it("tell what goes on there, before they are drained", async () => {
    const tenant = { id: "ken--a", owner: "ken", name: "a", state: "ready", since: null, gpus: 0 } as const;
    asAdmin({ machines: overview([machine({ containers: [tenant] })]) });
    page("/admin/machines");
    await press("Drain: gpu-01");
    expect(screen.getByText("It takes no new containers. 1 container runs there and goes on.")).toBeVisible();
  });

  it("do not call what runs there nothing, while nobody knows it", async () => {
    asAdmin({ machines: overview([machine({ state: "stale", holders_known: false, gpus_free: null })]) });
    page("/admin/machines");
    await press("Drain: gpu-01");
    expect(screen.getByText("It takes no new containers. What runs there goes on.")).toBeVisible();
  });

  it("tell who holds a GPU, before it is turned off", async () => {
    const holder = { container_id: "ken--a", owner: "ken", since: null };
    asAdmin({ machines: overview([machine({ gpus: [gpu({ holder })] })]) });
    page("/admin/machines");
    expect(await screen.findByText("held by ken")).toBeVisible();
    await press("Turn off: GPU 0 of gpu-01");
    expect(screen.getByText(/ken holds it and goes on\./)).toBeVisible();
  });

  it("show how old their state is, and which GPU is lost", async () => {
    asAdmin({ machines: overview([machine({ state: "stale", sample_age_seconds: 90, gpus: [gpu({ up: false })] })]) });
    page("/admin/machines");
    expect(await screen.findByText("1 m old")).toBeVisible();
    expect(screen.getByText("Lost")).toBeVisible();
  });

  it("may be none", async () => {
    asAdmin({ machines: overview([]) });
    page("/admin/machines");
    expect(await screen.findByText(/^No machines yet/)).toBeVisible();
  });

  it("have GPUs that are turned off with a reason", async () => {
    const world = asAdmin();
    page("/admin/machines");
    await press("Turn off: GPU 0 of gpu-01");
    await because("Its fan is loud.", "Turn off");
    await waitFor(() =>
      expect(world.changes).toEqual([
        ["PUT admin/gpus/GPU-1/disabled", { disabled: true, reason: "Its fan is loud." }],
      ]),
    );
  });

  it("have GPUs that are turned on again", async () => {
    const world = asAdmin({ machines: overview([machine({ gpus: [gpu({ disabled: "Its fan is loud." })] })]) });
    page("/admin/machines");
    await press("Turn on: GPU 0 of gpu-01");
    await waitFor(() => expect(world.changes).toEqual([["PUT admin/gpus/GPU-1/disabled", { disabled: false }]]));
  });

  it("say why a change was refused", async () => {
    asAdmin({ change: problem(503, "switch-not-kept", "It cannot be kept", { why: "No space" }) });
    page("/admin/machines");
    await press("Drain: gpu-01");
    await because("x", "Drain");
    expect(await screen.findByText("switch-not-kept")).toBeVisible();
  });
});

describe("the announcement", () => {
  it("is made, with its level and its end", async () => {
    const world = asAdmin();
    page("/admin/announcement");
    await userEvent.type(await screen.findByRole("textbox", { name: /Text/ }), "New disk tonight.");
    await userEvent.click(screen.getByRole("combobox", { name: "Level" }));
    await userEvent.click(screen.getByRole("option", { name: "Warning" }));
    await userEvent.type(screen.getByLabelText("Ends at"), "2026-11-24T06:00");
    await press("Announce");
    const ends_at = new Date("2026-11-24T06:00").toISOString();
    await waitFor(() =>
      expect(world.changes).toEqual([
        ["PUT admin/announcement", { text: "New disk tonight.", level: "warning", ends_at }],
      ]),
    );
    expect(screen.queryByRole("button", { name: "Remove" })).toBeNull();
  });

  it("is seen as everybody will, while it is written", async () => {
    asAdmin();
    page("/admin/announcement");
    await userEvent.type(await screen.findByRole("textbox", { name: /Text/ }), "New disk tonight.");
    const preview = screen.getByRole("region", { name: "What everybody will read" });
    expect(within(preview).getByText("New disk tonight.")).toBeVisible();
  });

  it("is shown as it is, and removed", async () => {
    const announcement = {
      text: "Hello",
      level: "info",
      by: "grace",
      at: "2026-11-23T09:00:00Z",
      ends_at: null,
    } as const;
    const world = asAdmin({ me: { ...admin(), announcement } });
    page("/admin/announcement");
    expect(await screen.findByRole("textbox", { name: /Text/ })).toHaveValue("Hello");
    expect(screen.getByText(/Announced by grace/)).toBeVisible();
    await press("Remove");
    await waitFor(() => expect(world.changes).toEqual([["DELETE admin/announcement", null]]));
  });
});

describe("tokens of everybody", () => {
  it("are shown with their owners and can be revoked", async () => {
    const world = asAdmin({ tokens: [token({ owner: "ken" })] });
    page("/admin/tokens");
    expect(within(await screen.findByRole("table")).getByText("ken")).toBeVisible();
    await press("Revoke backup");
    await press("Revoke token");
    await waitFor(() => expect(world.changes).toEqual([["DELETE admin/tokens/k3j2", null]]));
  });

  it("may be none", async () => {
    asAdmin();
    page("/admin/tokens");
    expect(await screen.findByText("Nobody has a token.")).toBeVisible();
  });
});

describe("the audit log", () => {
  it("tells who did what, from where and by what right, a page at a time", async () => {
    const world = asAdmin({
      acts: [9, 8, 7].map((id) => act({ id, action: `act-${id}`, token_id: "k3j2", facts: { reason: "Disk", n: 1 } })),
    });
    page("/admin/audit");
    const first = (await screen.findByText("act-9")).closest("tr");
    expect(first).toHaveTextContent(/rootby token k3j2act-9gpu-01Done192.0.2.1reason: Diskn: 1/);
    expect(screen.queryByText("act-7")).toBeNull();
    await press("Older lines");
    expect(await screen.findByText("act-7")).toBeVisible();
    expect(screen.queryByRole("button", { name: "Older lines" })).toBeNull();
    expect(world.asked).toEqual(["limit=50", "limit=50&before=8"]);
  });

  it("is searched by who and by what", async () => {
    const world = asAdmin();
    page("/admin/audit");
    expect(await screen.findByText("No such lines.")).toBeVisible();
    await userEvent.type(screen.getByRole("textbox", { name: "Who" }), "grace");
    await userEvent.type(screen.getByRole("textbox", { name: "To what" }), " gpu-01 {Enter}");
    await waitFor(() => expect(world.asked.at(-1)).toBe("limit=50&actor=grace&target=gpu-01"));
    await press("Show all");
    await waitFor(() => expect(screen.getByRole("textbox", { name: "Who" })).toHaveValue(""));
  });

  it("is looked at again", async () => {
    const world = asAdmin({ acts: [act({ action: "act-1" })] });
    page("/admin/audit");
    await screen.findByText("act-1");
    world.acts = [act({ id: 8, action: "act-2" })];
    await press("Look again");
    expect(await screen.findByText("act-2")).toBeVisible();
  });
});

it("speaks Chinese", async () => {
  asAdmin({ people: [person({ barred: "Left." })] });
  page("/admin/people", { language: "zh-CN", catalogue: zh });
  expect(await screen.findByRole("tab", { name: "审计日志" })).toBeVisible();
  expect(await screen.findByText("已禁止")).toBeVisible();
  expect(screen.getByText("2 个容器，GPU 不限")).toBeVisible();
});
