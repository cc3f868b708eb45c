import { expect, it } from "vitest";
import { shown } from "../testing/world";
import { SparklineCurve } from "./SparklineCurve";

it("a gap in a small curve stays a gap", () => {
  const { container } = shown(<SparklineCurve width={100} points={[0.2, 0.3, null, 0.5, 0.6]} />);
  const line = container.querySelector(".MuiLineChart-line")?.getAttribute("d") ?? "";
  expect(line.match(/M/g)).toHaveLength(2);
});
