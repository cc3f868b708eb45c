import { describe, expect, it } from "vitest";
import { type Box, fitted, GAP, pages } from "./fit";

const TV: Box = { width: 1880, height: 930 };

describe("tiles on a screen", () => {
  it("are as large as few machines let them be", () => {
    expect(fitted(3, 2, TV)).toMatchObject({ kind: "big", columns: 3, rows: 1 });
    expect(fitted(3, 2, TV).em).toBeGreaterThan(25);
  });

  it("use the height of a narrow screen", () => {
    expect(fitted(2, 1, { width: 340, height: 560 })).toMatchObject({ columns: 1, rows: 2 });
  });

  it("can be read on a narrow screen, where it takes more pages", () => {
    expect(fitted(6, 4, { width: 340, height: 560 }).em).toBeGreaterThanOrEqual(12);
  });

  it("put the GPUs of a big machine beside each other", () => {
    expect(fitted(1, 8, TV).across).toBeGreaterThan(1);
  });

  it("turn pages where the letters would be too small to read", () => {
    const shape = fitted(16, 8, TV);
    expect(shape.kind).toBe("big");
    expect(shape.em).toBeGreaterThanOrEqual(14);
    expect(pages(Array.from({ length: 16 }), shape).length).toBeGreaterThan(1);
  });

  it("become dense where there would be too many pages", () => {
    const shape = fitted(1000, 8, TV);
    expect(shape.kind).toBe("dense");
    expect(shape.em).toBeGreaterThanOrEqual(12);
    expect(pages(Array.from({ length: 1000 }), shape).length).toBeLessThanOrEqual(8);
  });

  it.each([
    [1, 0],
    [1, 16],
    [7, 1],
    [60, 4],
    [1000, 8],
  ])("never need more room than there is (%i machines of %i GPUs)", (count, gpus) => {
    const { columns, rows, em, kind, across } = fitted(count, gpus, TV);
    const wide = kind === "big" ? 1.6 + across * 16.5 : 11;
    expect(columns * em * wide + (columns - 1) * GAP).toBeLessThanOrEqual(TV.width + 1);
    expect(rows).toBeGreaterThan(0);
    expect(em).toBeGreaterThan(0);
  });

  it("show each machine on one page", () => {
    const shape = fitted(1000, 8, TV);
    const all = Array.from({ length: 1000 }, (_, index) => index);
    expect(pages(all, shape).flat()).toEqual(all);
  });

  it("fit something on a screen that is smaller than one of them", () => {
    expect(fitted(5, 8, { width: 100, height: 100 })).toMatchObject({ columns: 1, rows: 1 });
  });
});
