import { describe, expect, it } from "vitest";
import { amounts, bytes, duration, percent, seconds, share, spelled } from "./format";

const GIB = 2 ** 30;

describe("amounts of bytes", () => {
  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [100 * 1024, "100 KiB"],
    [9 * GIB, "9.0 GiB"],
    [2 ** 60, "1024 PiB"],
  ])("%d reads %s", (value, text) => expect(bytes(value)).toBe(text));

  it("shows a part in the unit of its whole", () => {
    expect(amounts(86 * 2 ** 20, 8 * GIB)).toBe("0.1 / 8.0 GiB");
    expect(amounts(195 * GIB, 466 * GIB)).toBe("195 / 466 GiB");
    expect(amounts(0, 8 * GIB)).toBe("0.0 / 8.0 GiB");
  });

  it("makes nothing of what is not known", () => {
    expect(amounts(null, GIB)).toBeNull();
    expect(amounts(GIB, null)).toBeNull();
    expect(share(null, GIB)).toBeNull();
    expect(share(GIB, null)).toBeNull();
    expect(share(0, 0)).toBeNull();
    expect(share(0, GIB)).toBe(0);
  });
});

it.each([
  [0, "0 s"],
  [-3, "0 s"],
  [59.4, "59 s"],
  [60, "1 m"],
  [3 * 3600 + 12 * 60, "3 h 12 m"],
  [49 * 3600, "2 d 1 h"],
])("a duration of %d seconds reads %s", (value, text) => expect(duration(value)).toBe(text));

it("shows tenths of seconds below a minute only", () => {
  expect(seconds(2.31)).toBe("2.3 s");
  expect(seconds(61)).toBe("1 m");
  expect(percent(0.314)).toBe("31 %");
});

it.each([
  ["kazuki.morozumi", "kazuki.morozumi"],
  ["_41da", "Ada"],
  ["_e5_b1_b1_e7_94_b0", "山田"],
  ["a_5fb", "a_b"],
  ["50%_41", "50%A"],
  ["_ff", "_ff"],
])("the user name %s reads %s", (name, text) => expect(spelled(name)).toBe(text));
