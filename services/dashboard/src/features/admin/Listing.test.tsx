import { fireEvent, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { shown } from "../../testing/world";
import { Listing } from "./Listing";

const NAMES = Array.from({ length: 1000 }, (_, index) => `Person ${index}`);
const list = (rows: string[]) =>
  shown(
    <Listing rows={rows} textOf={(row) => row} search="Search people" none="Nobody has logged in yet.">
      {(some) => some.map((row) => <p key={row}>{row}</p>)}
    </Listing>,
  );
const rows = () => screen.queryAllByText(/^Person/).map((row) => row.textContent);
const seek = (text: string) => fireEvent.change(screen.getByRole("searchbox"), { target: { value: text } });

describe("a long list", () => {
  it("is shown a page at a time", () => {
    list(NAMES);
    expect(rows()).toHaveLength(25);
    fireEvent.click(screen.getByRole("button", { name: "Go to next page" }));
    expect(rows()[0]).toBe("Person 25");
  });

  it("is searched from its first page on, whatever the case", () => {
    list(NAMES);
    fireEvent.click(screen.getByRole("button", { name: "Go to next page" }));
    seek(" person 999 ");
    expect(screen.getByText("1 of 1,000")).toBeVisible();
    expect(rows()).toEqual(["Person 999"]);
  });

  it("says that nothing matches", () => {
    list(NAMES);
    seek("nobody");
    expect(screen.getByText("Nothing matches. Search for something else.")).toBeVisible();
    expect(rows()).toEqual([]);
  });

  it("says so where there is nothing, and offers no search", () => {
    list([]);
    expect(screen.getByText("Nobody has logged in yet.")).toBeVisible();
    expect(screen.queryByRole("searchbox")).toBeNull();
  });
});
