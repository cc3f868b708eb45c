import { styled } from "@mui/material/styles";
import { lazy, Suspense } from "react";

// Charts are big: fetched when the first one is shown.
const Curve = lazy(async () => ({ default: (await import("./SparklineCurve")).SparklineCurve }));

const Frame = styled("div")(({ theme }) => ({
  height: 32,
  minWidth: 0,
  borderBottom: `1px solid ${theme.vars?.palette.divider}`,
}));

type Props = { label: string; points: readonly (number | null)[] };

/** A small curve of ratios from 0 to 1; null is a gap. `label` says in words what it shows. */
export function Sparkline({ label, points }: Props) {
  return (
    <Frame role="img" aria-label={label} title={label}>
      <Suspense fallback={null}>{points.length > 0 && <Curve points={points} />}</Suspense>
    </Frame>
  );
}
