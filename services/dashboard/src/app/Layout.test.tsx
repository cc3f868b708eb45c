import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { browser } from "../api/browser";
import { loginAddress } from "../api/client";
import { admin, me, problem } from "../testing/factories";
import { page, worldOf } from "../testing/world";

it("says DEMO on every page of a demo", async () => {
  worldOf({ me: me({ demo: true }) });
  page("/no-such-page");
  expect(await screen.findByText("DEMO")).toBeVisible();
  expect(screen.getByText("There is no such page")).toBeVisible();
});

it("does not say DEMO elsewhere, and shows who is logged in, as written", async () => {
  worldOf({ me: me({ user: { name: "_e5_b1_b1", shown_name: "山", email: null, picture: null, role: "user" } }) });
  page();
  await userEvent.click(await screen.findByRole("button", { name: "山" }));
  expect(await screen.findByText("Log out")).toBeVisible();
  expect(screen.queryByText("DEMO")).toBeNull();
});

it("ends every session of a person by one button", async () => {
  worldOf();
  page();
  await userEvent.click(await screen.findByRole("button", { name: "Ada" }));
  const button = (await screen.findByText("Log out everywhere")).closest("button");
  expect(button?.form?.getAttribute("action")).toBe("/-/logout");
  expect([button?.type, button?.name, button?.value]).toEqual(["submit", "everywhere", "1"]);
  expect(Array.from(new FormData(button?.form ?? undefined))).toEqual([["csrf_token", "csrf-1"]]);
});

it("changes between light and dark", async () => {
  worldOf();
  page();
  await userEvent.click(await screen.findByRole("button", { name: "Ada" }));
  await userEvent.click(await screen.findByText("Theme: dark"));
  expect(window.localStorage.getItem("mui-mode")).toBe("dark");
});

it("goes to the login page when the session has ended, and comes back from there", async () => {
  const ended = problem(401, "not-logged-in", "You are not logged in");
  worldOf({ me: ended, machines: ended, containers: ended });
  page();
  await waitFor(() => expect(browser.goTo).toHaveBeenCalledWith("/-/login?next=%2F"));
  expect(loginAddress({ pathname: "/a", search: "?b=c" } as Location)).toBe("/-/login?next=%2Fa%3Fb%3Dc");
});

it("shows the picture, the address and the role of who is logged in", async () => {
  const picture = "https://pictures.example.com/ada";
  worldOf({ me: me({ user: { ...admin().user, picture } }) });
  page();
  const button = await screen.findByRole("button", { name: "Grace" });
  expect(button.querySelector("img")).toHaveAttribute("src", picture);
  await userEvent.click(button);
  expect(screen.getByText("grace@example.com")).toBeVisible();
  expect(screen.getByText("Admin")).toBeVisible();
});

it.each([
  ["a user", me(), ["API tokens", "Log a program in", "API"]],
  ["an admin", admin(), ["API tokens", "Log a program in", "Administration", "API"]],
])("leads %s to the own pages", async (_, who, pages) => {
  worldOf({ me: who });
  page();
  await userEvent.click(await screen.findByRole("button", { name: who.user.shown_name }));
  const menu = within(screen.getByRole("menu"));
  const links = menu.getAllByRole("menuitem").filter((item) => item.tagName === "A");
  expect(links.map((link) => link.textContent)).toEqual(pages);
});

it("shows an announcement on every page, as loud as it is, and until when", async () => {
  const told = { text: "gpu-02 gets a new disk.", level: "warning", by: "grace", at: "2026-11-23T09:00:00Z" } as const;
  worldOf({ me: me({ announcement: { ...told, ends_at: "2026-11-24T06:00:00Z" } }) });
  page("/no-such-page");
  const banner = (await screen.findByText(/new disk/)).closest(".MuiAlert-root");
  expect(banner).toHaveClass("MuiAlert-colorWarning");
  expect(banner).toHaveTextContent(/Until .*2026/);
});
