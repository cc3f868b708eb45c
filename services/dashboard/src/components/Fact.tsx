import { styled } from "@mui/material/styles";
import type { ReactNode } from "react";

// One styled element with rules for those inside: a page shows hundreds.
const Line = styled("div")(({ theme }) => ({
  ...theme.typography.body2,
  display: "flex",
  justifyContent: "space-between",
  gap: 8,
  minWidth: 0,
  whiteSpace: "nowrap",
  "& > :first-of-type": { color: theme.vars?.palette.text.secondary },
  "& > :last-of-type": { fontVariantNumeric: "tabular-nums", overflow: "hidden", textOverflow: "ellipsis" },
}));

/** A name and its value on one line. */
export function Fact({ label, children }: { label: ReactNode; children: ReactNode }) {
  return (
    <Line>
      <span>{label}</span>
      <span>{children}</span>
    </Line>
  );
}
