import { styled } from "@mui/material/styles";
import type { ReactNode } from "react";

const Line = styled("div")(({ theme }) => ({
  ...theme.typography.body2,
  display: "flex",
  justifyContent: "space-between",
  gap: 8,
  minWidth: 0,
}));
const Label = styled("span")(({ theme }) => ({ color: theme.vars?.palette.text.secondary, whiteSpace: "nowrap" }));
const Value = styled("span")({
  fontVariantNumeric: "tabular-nums",
  overflow: "hidden",
  textOverflow: "ellipsis",
  whiteSpace: "nowrap",
});

/** A name and its value on one line. */
export function Fact({ label, children }: { label: ReactNode; children: ReactNode }) {
  return (
    <Line>
      <Label>{label}</Label>
      <Value>{children}</Value>
    </Line>
  );
}
