import { expect, it } from "vitest";
import { themeIn } from "./theme";

it.each([
  ["ja", "クリア"],
  ["zh-CN", "清空"],
] as const)("has MUI's own words in %s", (language, clear) => {
  expect(themeIn(language).components?.MuiAutocomplete?.defaultProps?.clearText).toBe(clear);
});
