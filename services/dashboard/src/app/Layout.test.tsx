import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { browser } from "../api/browser";
import { loginAddress } from "../api/client";
import { problem, session } from "../testing/factories";
import { page, worldOf } from "../testing/world";

it("says DEMO on every page of a demo", async () => {
  worldOf({ session: session({ demo: true }) });
  page("/no-such-page");
  expect(await screen.findByText("DEMO")).toBeVisible();
  expect(screen.getByText("There is no such page")).toBeVisible();
});

it("does not say DEMO elsewhere, and shows who is logged in, as written", async () => {
  worldOf({ session: session({ user: { name: "_e5_b1_b1", shown_name: "山", role: "user" } }) });
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
  worldOf({ session: ended, machines: ended, containers: ended });
  page();
  await waitFor(() => expect(browser.goTo).toHaveBeenCalledWith("/-/login?next=%2F"));
  expect(loginAddress({ pathname: "/a", search: "?b=c" } as Location)).toBe("/-/login?next=%2Fa%3Fb%3Dc");
});
