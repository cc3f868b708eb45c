import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { browser } from "../api/browser";
import { loginAddress } from "../api/client";
import { admin, me, problem } from "../testing/factories";
import { page, worldOf } from "../testing/world";
import ja from "../words/ja";

const menuOf = async (name: RegExp) => {
  await userEvent.click(await screen.findByRole("button", { name }));
  return within(await screen.findByRole("menu"));
};

it("says DEMO on every page of a demo", async () => {
  worldOf({ me: me({ demo: true }) });
  page("/no-such-page");
  expect(await screen.findByText("DEMO")).toBeVisible();
  expect(screen.getByText("There is no such page")).toBeVisible();
});

it("does not say DEMO elsewhere, and shows who is logged in, as written", async () => {
  worldOf({ me: me({ user: { name: "_e5_b1_b1", shown_name: "山", email: null, picture: null, role: "user" } }) });
  page();
  expect((await menuOf(/^山/)).getByText("Log out")).toBeVisible();
  expect(screen.queryByText("DEMO")).toBeNull();
});

it("ends every session of a person by one button", async () => {
  worldOf();
  page();
  const button = (await menuOf(/^Ada/)).getByRole<HTMLButtonElement>("menuitem", { name: "Log out everywhere" });
  expect(button.form?.getAttribute("action")).toBe("/-/logout");
  expect([button.type, button.name, button.value]).toEqual(["submit", "everywhere", "1"]);
  expect(Array.from(new FormData(button.form ?? undefined))).toEqual([["csrf_token", "csrf-1"]]);
});

it("changes between light, dark and the system's", async () => {
  worldOf();
  page();
  const menu = await menuOf(/^Ada/);
  await userEvent.click(menu.getByRole("menuitemradio", { name: "Theme: Dark" }));
  expect(window.localStorage.getItem("mui-mode")).toBe("dark");
  expect(menu.getByRole("menuitemradio", { name: "Theme: Dark" })).toBeChecked();
  await userEvent.click(menu.getByRole("menuitemradio", { name: "Theme: As the system" }));
  expect(window.localStorage.getItem("mui-mode")).toBe("system");
});

it("goes to the login page when the session has ended, and comes back from there", async () => {
  const ended = problem(401, "not-logged-in", "You are not logged in");
  worldOf({ me: ended, machines: ended, containers: ended });
  page();
  await waitFor(() => expect(browser.goTo).toHaveBeenCalledWith("/-/login?next=%2F"));
  expect(loginAddress({ pathname: "/a", search: "?b=c" } as Location)).toBe("/-/login?next=%2Fa%3Fb%3Dc");
});

it("shows initials, the address and the role of who is logged in, and asks nobody for a picture", async () => {
  worldOf({
    me: me({ user: { ...admin().user, shown_name: "Grace B. Hopper", picture: "https://pictures.example.com/g" } }),
  });
  page();
  const menu = await menuOf(/^Grace B. Hopper/);
  expect(document.querySelector("img")).toBeNull();
  expect(document.querySelector("[data-letters]")).toHaveAttribute("data-letters", "GH");
  expect(screen.getByText("grace@example.com")).toBeVisible();
  expect(screen.getByText("Admin")).toBeVisible();
  expect(
    menu
      .getAllByRole("menuitem")
      .filter((item) => item.tagName === "A")
      .map((link) => link.textContent),
  ).toEqual(["API tokens", "Log a program in", "API"]);
});

it.each([
  ["a user", me(), ["Home", "Images", "Usage", "Wall"]],
  ["an admin", admin(), ["Home", "Images", "Usage", "Wall", "Administration"]],
])("leads %s to the pages, and says which one is open", async (_, who, pages) => {
  worldOf({ me: who });
  page();
  await screen.findByRole("button", { name: new RegExp(who.user.shown_name) });
  const nav = within(screen.getByRole("navigation", { name: "Pages" }));
  expect(nav.getAllByRole("link").map((link) => link.textContent)).toEqual(pages);
  expect(nav.getByRole("link", { current: "page" })).toHaveTextContent("Home");
});

it("has the pages behind a button too, which closes when one is chosen", async () => {
  worldOf();
  page("/no-such-page");
  await userEvent.click(await screen.findByRole("button", { name: "Menu" }));
  const drawer = within(await screen.findByRole("dialog"));
  await userEvent.click(drawer.getByRole("link", { name: "Home" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(document.title).toBe("Home · Shiva");
});

it("gives the focus to the page that one goes to, not to the first one, and leads there past the bar", async () => {
  worldOf();
  page("/no-such-page");
  const main = screen.getByRole("main");
  expect(main).not.toHaveFocus();
  await userEvent.click(screen.getByRole("link", { name: "To the machines" }));
  expect(screen.getByRole("main", { name: "Home" })).toHaveFocus();
  main.blur();
  await userEvent.tab();
  const skip = screen.getByRole("link", { name: "Skip to the content" });
  expect(skip).toHaveFocus();
  await userEvent.keyboard("{Enter}");
  expect(main).toHaveFocus();
});

it("speaks Japanese, and titles the page so", async () => {
  worldOf();
  page("/tokens", { language: "ja", catalogue: ja });
  expect(await screen.findByRole("heading", { name: "API トークン" })).toBeVisible();
  expect(document.title).toBe("API トークン · Shiva");
  await userEvent.click(screen.getByRole("button", { name: /^検索とコマンド/ }));
  expect(await screen.findByRole("combobox", { name: "検索とコマンド" })).toBeVisible();
});

it("shows an announcement on every page, as loud as it is, and until when", async () => {
  const told = { text: "gpu-02 gets a new disk.", level: "warning", by: "grace", at: "2026-11-23T09:00:00Z" } as const;
  worldOf({ me: me({ announcement: { ...told, ends_at: "2026-11-24T06:00:00Z" } }) });
  page("/no-such-page");
  const banner = (await screen.findByText(/new disk/)).closest(".MuiAlert-root");
  expect(banner).toHaveClass("MuiAlert-colorWarning");
  expect(banner).toHaveTextContent(/Until .*2026/);
});
