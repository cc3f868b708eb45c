import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { admin, machine, overview } from "../testing/factories";
import { page, worldOf } from "../testing/world";

const title = (name: string) => waitFor(() => expect(document.title).toBe(`${name} · Shiva`));

/** A page with an element for a shortcut, as other rooms have them. */
function withElement(html: string): HTMLElement {
  const place = document.createElement("div");
  place.innerHTML = html;
  document.body.append(place);
  return place.firstElementChild as HTMLElement;
}

beforeEach(() => {
  for (const left of document.body.querySelectorAll(":scope > div")) left.remove();
});

it("goes to pages by g and a letter", async () => {
  worldOf();
  page("/no-such-page");
  await screen.findByText("There is no such page");
  await userEvent.keyboard("gm");
  await title("Home");
  await userEvent.keyboard("gi");
  await title("Images");
});

it("knows the way to the administration for admins only", async () => {
  worldOf();
  const { unmount } = page("/no-such-page");
  await screen.findByRole("button", { name: /Ada/ });
  await userEvent.keyboard("ga");
  expect(screen.getByText("There is no such page")).toBeVisible();
  unmount();
  worldOf({ me: admin() });
  page("/no-such-page");
  await screen.findByRole("button", { name: /Grace/ });
  await userEvent.keyboard("ga");
  await title("Administration");
});

it.each([
  ["n", "start"],
  ["o", "open"],
] as const)("%s clicks what starts or opens", async (key, name) => {
  worldOf();
  page("/no-such-page");
  const clicked = vi.fn();
  withElement(`<button data-shortcut="${name}">x</button>`).addEventListener("click", clicked);
  await userEvent.keyboard(key);
  expect(clicked).toHaveBeenCalledOnce();
});

it("/ focuses the field inside of the element, and types nothing into it", async () => {
  worldOf();
  page("/no-such-page");
  const field = withElement('<div data-shortcut="search"><input /></div>').querySelector("input");
  await userEvent.keyboard("/");
  expect(field).toHaveFocus();
  expect(field).toHaveValue("");
});

it("goes home from a page that cannot start, and only shows the button there", async () => {
  worldOf();
  page("/no-such-page");
  await screen.findByText("There is no such page");
  await userEvent.keyboard("n");
  await title("Home");
  const clicked = vi.fn();
  const button = withElement('<button data-shortcut="start">x</button>');
  button.addEventListener("click", clicked);
  await waitFor(() => expect(document.activeElement?.closest('[data-shortcut="start"]')).not.toBeNull());
  expect(clicked).not.toHaveBeenCalled();
});

it("? lists every key, and its switch turns single keys off for good", async () => {
  worldOf();
  page("/no-such-page");
  await screen.findByText("There is no such page");
  await userEvent.keyboard("?");
  const help = within(await screen.findByRole("dialog", { name: "Keyboard shortcuts" }));
  expect(help.getByRole("row", { name: "g i Go to: Images" })).toBeVisible();
  await userEvent.click(help.getByRole("switch", { name: "Use keyboard shortcuts" }));
  await userEvent.click(help.getByRole("button", { name: "Close" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  await userEvent.keyboard("?gm");
  expect(screen.getByText("There is no such page")).toBeVisible();
  expect(window.localStorage.getItem("shiva.shortcuts")).toBe("off");
  await userEvent.keyboard("{Control>}k{/Control}");
  expect(await screen.findByRole("dialog", { name: "Search and commands" })).toBeVisible();
});

it("Ctrl-K finds a page by typing, and Enter goes there", async () => {
  worldOf();
  page("/no-such-page");
  await screen.findByText("There is no such page");
  await userEvent.keyboard("{Control>}k{/Control}");
  const field = await screen.findByRole("combobox", { name: "Search and commands" });
  expect(field).toHaveFocus();
  await userEvent.keyboard("imag{Enter}");
  await title("Images");
  expect(screen.queryByRole("combobox")).toBeNull();
});

it("the palette finds machines, a thousand too, and says when there is nothing", async () => {
  const many = Array.from({ length: 1_000 }, (_, index) => machine({ name: `gpu-${index}`, gpus: [] }));
  worldOf({ machines: overview(many) });
  page("/no-such-page");
  await userEvent.click(await screen.findByRole("button", { name: /^Search and commands/ }));
  await userEvent.type(await screen.findByRole("combobox"), "gpu-999");
  expect(await screen.findByRole("option", { name: "gpu-999" })).toBeVisible();
  await userEvent.type(screen.getByRole("combobox"), "9");
  expect(screen.getByText("Nothing is called that")).toBeVisible();
  await userEvent.keyboard("{Backspace}{Enter}");
  await title("Home");
  expect(await screen.findByDisplayValue("gpu-999")).toHaveAttribute("data-shortcut", "search");
});

it("the palette changes the theme", async () => {
  worldOf();
  page("/no-such-page");
  await userEvent.click(await screen.findByRole("button", { name: /^Search and commands/ }));
  await userEvent.type(await screen.findByRole("combobox"), "theme: dark{Enter}");
  expect(window.localStorage.getItem("mui-mode")).toBe("dark");
});

it("Escape closes the palette", async () => {
  worldOf();
  page("/no-such-page");
  await userEvent.click(await screen.findByRole("button", { name: /^Search and commands/ }));
  await screen.findByRole("combobox");
  await userEvent.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("combobox")).toBeNull());
});
