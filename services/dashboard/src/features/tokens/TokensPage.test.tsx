import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { admin, problem, token } from "../../testing/factories";
import { page, worldOf } from "../../testing/world";

const table = () => screen.findByRole("table");

async function dialog() {
  await userEvent.click(await screen.findByRole("button", { name: "New token" }));
  return within(await screen.findByRole("dialog"));
}

describe("one's tokens", () => {
  it("are waited for", async () => {
    worldOf({ silent: true });
    page("/tokens");
    expect(await screen.findByRole("status", { name: "Loading" })).toBeVisible();
  });

  it("may be none", async () => {
    worldOf();
    page("/tokens");
    expect(await screen.findByText(/You have no tokens/)).toBeVisible();
    expect(screen.queryByRole("table")).toBeNull();
  });

  it("say why they are not known", async () => {
    worldOf({ tokens: problem(503, "store-unavailable", "What is known of people cannot be read now") });
    page("/tokens");
    expect(await screen.findByText("store-unavailable")).toBeVisible();
  });

  it("show what they may, when they end, and who used them last", async () => {
    const used = { last_used_at: "2026-11-23T10:41:00Z", last_used_from: "192.0.2.7" };
    worldOf({ tokens: [token({ scopes: ["read", "containers"], ...used })] });
    page("/tokens");
    const row = within(await table()).getAllByRole("row")[1];
    expect(row).toHaveTextContent(/backup.*k3j2.*Look, Containers.*2026.*2027.*2026.*from 192.0.2.7/);
  });

  it("were perhaps never used", async () => {
    worldOf({ tokens: [token()] });
    page("/tokens");
    expect(within(await table()).getByText("Never")).toBeVisible();
  });

  it.each([
    ["expired", "Expired"],
    ["revoked", "Revoked"],
  ] as const)("that are %s cannot be revoked", async (state, word) => {
    worldOf({ tokens: [token({ state })] });
    page("/tokens");
    expect(within(await table()).getByText(word)).toBeVisible();
    expect(screen.queryByRole("button", { name: "Revoke backup" })).toBeNull();
  });
});

describe("a new token", () => {
  it("is made as wished, and its secret shown once, to be copied", async () => {
    const world = worldOf();
    const user = userEvent.setup();
    const copied = vi.spyOn(navigator.clipboard, "writeText");
    page("/tokens");
    const asked = await dialog();
    const create = asked.getByRole("button", { name: "Create token" });
    expect(create).toBeDisabled();
    await user.type(asked.getByRole("textbox", { name: /Label/ }), " nightly ");
    await user.click(asked.getByRole("checkbox", { name: /start, extend and stop/ }));
    await user.click(create);
    expect(await screen.findByText(/shown once/)).toBeVisible();
    expect(world.changes).toEqual([
      ["POST tokens", { label: "nightly", scopes: ["read", "containers"], expires_in_days: 90 }],
    ]);
    expect(world.proofs).toEqual(["csrf-1"]);
    expect(screen.getByRole("textbox", { name: "Token" })).toHaveValue("shiva_new1_secret");
    await user.click(screen.getByRole("button", { name: "Copy" }));
    expect(copied).toHaveBeenCalledWith("shiva_new1_secret");
    expect(await screen.findByText("Copied")).toBeVisible();
    await user.keyboard("{Escape}");
    expect(screen.getByRole("textbox", { name: "Token" })).toBeVisible();
    await user.click(screen.getByRole("button", { name: "I have kept it" }));
    await waitFor(() => expect(screen.queryByText(/shown once/)).toBeNull());
    expect(within(await table()).getByText("nightly")).toBeVisible();
    expect(document.body).not.toHaveTextContent("shiva_new1_secret");
  });

  it("can be copied by hand where the browser does not let pages copy", async () => {
    worldOf();
    const user = userEvent.setup({ writeToClipboard: false });
    vi.spyOn(navigator.clipboard, "writeText").mockRejectedValue(new Error("not allowed"));
    page("/tokens");
    const asked = await dialog();
    await user.type(asked.getByRole("textbox", { name: /Label/ }), "x");
    await user.click(asked.getByRole("button", { name: "Create token" }));
    await user.click(await screen.findByRole("button", { name: "Copy" }));
    expect(await screen.findByText(/copy it with Ctrl\+C/)).toBeVisible();
  });

  it("may be an admin's only for admins", async () => {
    worldOf();
    page("/tokens");
    expect((await dialog()).getAllByRole("checkbox")).toHaveLength(2);
  });

  it("may be an admin's for an admin", async () => {
    worldOf({ me: admin() });
    page("/tokens");
    expect((await dialog()).getByRole("checkbox", { name: /Administration/ })).not.toBeChecked();
  });

  it("that is refused says why, and what was typed stays", async () => {
    worldOf({ change: problem(409, "too-many-tokens", "You have too many tokens", { limit: 20 }) });
    page("/tokens");
    const asked = await dialog();
    await userEvent.type(asked.getByRole("textbox", { name: /Label/ }), "one more");
    await userEvent.click(asked.getByRole("button", { name: "Create token" }));
    expect(await screen.findByText("too-many-tokens")).toBeVisible();
    expect(asked.getByRole("textbox", { name: /Label/ })).toHaveValue("one more");
  });
});

describe("revoking", () => {
  it("asks once, then does it", async () => {
    const world = worldOf({ tokens: [token()] });
    page("/tokens");
    await userEvent.click(await screen.findByRole("button", { name: "Revoke backup" }));
    expect(screen.getByText("Revoke “backup”?")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Revoke token" }));
    await waitFor(() => expect(world.changes).toEqual([["DELETE tokens/k3j2", null]]));
  });

  it("says why it did not work", async () => {
    worldOf({ tokens: [token()], change: problem(503, "store-unavailable", "It cannot be kept now") });
    page("/tokens");
    await userEvent.click(await screen.findByRole("button", { name: "Revoke backup" }));
    await userEvent.click(screen.getByRole("button", { name: "Revoke token" }));
    expect(await screen.findByText("store-unavailable")).toBeVisible();
  });
});
