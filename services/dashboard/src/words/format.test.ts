import { createIntl } from "react-intl";
import { describe, expect, it } from "vitest";
import en from "./en";
import { Format } from "./format";
import ja from "./ja";
import type { Catalogue } from "./Words";

const GIB = 2 ** 30;

function formatOf(language: string, catalogue: Catalogue): Format {
  const intl = createIntl({ locale: language, messages: catalogue });
  return new Format(language, (key, values) => intl.formatMessage({ id: key }, values));
}

const f = formatOf("en", en);

describe("amounts of bytes", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1024, "1.0 KiB"],
    [100 * 1024, "100 KiB"],
    [1023 * 1024, "1.0 MiB"],
    [9 * GIB, "9.0 GiB"],
    [2 ** 60, "1,024 PiB"],
  ])("%d reads %s", (value, text) => expect(f.bytes(value)).toBe(text));

  it("show a part in the unit of its whole, and nothing of what is not known", () => {
    expect(f.amounts(86 * 2 ** 20, 8 * GIB)).toBe("0.1 / 8.0 GiB");
    expect(f.amounts(195 * GIB, 466 * GIB)).toBe("195 / 466 GiB");
    expect(f.amounts(0, 8 * GIB)).toBe("0.0 / 8.0 GiB");
    expect([f.amounts(null, GIB), f.amounts(GIB, null)]).toEqual([null, null]);
  });
});

it.each([
  [0, "0 s"],
  [-3, "0 s"],
  [59.4, "59 s"],
  [60, "1 m"],
  [3 * 3600 + 12 * 60, "3 h 12 m"],
  [49 * 3600, "2 d 1 h"],
])("a duration of %d seconds reads %s", (value, text) => expect(f.duration(value)).toBe(text));

it("shows tenths of seconds below a minute only", () => {
  expect([f.seconds(2.31), f.seconds(61), f.percent(0.314)]).toEqual(["2.3 s", "1 m", "31%"]);
});

it("writes as the language does", () => {
  const japanese = formatOf("ja", ja);
  expect([japanese.duration(3 * 3600), japanese.number(1234)]).toEqual(["3 時間 0 分", "1,234"]);
});
