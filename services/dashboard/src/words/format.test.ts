import { createIntl } from "react-intl";
import { describe, expect, it } from "vitest";
import en from "./en";
import { Format } from "./format";
import ja from "./ja";

const formatIn = (locale: string, messages: Record<string, string>) => {
  const intl = createIntl({ locale, messages });
  return new Format(locale, (id, values) => intl.formatMessage({ id }, values));
};
const english = formatIn("en", en);
const japanese = formatIn("ja", ja);
const GIB = 2 ** 30;

describe("amounts of bytes", () => {
  it.each([
    [0, "0 B"],
    [1023, "1,023 B"],
    [1024, "1.0 KiB"],
    [100 * 1024, "100 KiB"],
    [9 * GIB, "9.0 GiB"],
    [2 ** 60, "1,024 PiB"],
  ])("%d read %s", (value, text) => expect(english.bytes(value)).toBe(text));

  it("show a part in the unit of its whole", () => {
    expect(english.amounts(86 * 2 ** 20, 8 * GIB)).toBe("0.1 / 8.0 GiB");
    expect(english.amounts(195 * GIB, 466 * GIB)).toBe("195 / 466 GiB");
    expect(english.amounts(0, 8 * GIB)).toBe("0.0 / 8.0 GiB");
  });

  it("are nothing where they are not known", () => {
    expect(english.amounts(null, GIB)).toBeNull();
    expect(english.amounts(GIB, null)).toBeNull();
  });
});

it.each([
  [0, "0 s", "0 秒"],
  [-3, "0 s", "0 秒"],
  [59.4, "59 s", "59 秒"],
  [60, "1 m", "1 分"],
  [3 * 3600 + 12 * 60, "3 h 12 m", "3 時間 12 分"],
  [49 * 3600, "2 d 1 h", "2 日 1 時間"],
])("a duration of %d seconds reads %s, and %s in Japanese", (value, text, japaneseText) => {
  expect(english.duration(value)).toBe(text);
  expect(japanese.duration(value)).toBe(japaneseText);
});

it("shows tenths of seconds below a minute only", () => {
  expect(english.seconds(2.31)).toBe("2.3 s");
  expect(english.seconds(61)).toBe("1 m");
});

it("writes ratios, temperatures and moments as the language does", () => {
  expect(english.percent(0.314)).toBe("31%");
  expect(english.celsius(61)).toBe("61 °C");
  expect(english.moment("2026-11-23T09:10:00Z")).toMatch(/^Nov 2\d, 2026, /);
  expect(japanese.moment("2026-11-23T09:10:00Z")).toMatch(/^2026\/11\/2\d /);
});
