import type { Curve } from "./queries";

const told = (curve: Curve) => curve.filter((each) => each !== null);
const mean = (values: readonly number[]) => values.reduce((all, each) => all + each, 0) / values.length;

/** The mean of curves, point by point, of those that told one; null where none did. */
export function meanCurve(curves: readonly Curve[]): Curve {
  return (curves[0] ?? []).map((_, index) => {
    const values = told(curves.map((curve) => curve[index] ?? null));
    return values.length === 0 ? null : mean(values);
  });
}

/** The least, most and mean of a curve; null when nobody told a point. */
export function summary(curve: Curve): { least: number; most: number; mean: number } | null {
  const values = told(curve);
  if (values.length === 0) return null;
  return { least: Math.min(...values), most: Math.max(...values), mean: mean(values) };
}
