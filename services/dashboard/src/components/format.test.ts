import { expect, it } from "vitest";
import { share, spelled } from "./format";

it("a share of what is not known is not known", () => {
  expect([share(null, 8), share(8, null), share(0, 0), share(0, 8), share(2, 8)]).toEqual([null, null, null, 0, 0.25]);
});

it.each([
  ["kazuki.morozumi", "kazuki.morozumi"],
  ["_41da", "Ada"],
  ["_e5_b1_b1_e7_94_b0", "山田"],
  ["a_5fb", "a_b"],
  ["50%_41", "50%A"],
  ["_ff", "_ff"],
])("the user name %s reads %s", (name, text) => expect(spelled(name)).toBe(text));
