import { keyframes } from "@emotion/react";
import Box, { type BoxProps } from "@mui/material/Box";
import type { CSSProperties } from "react";

const breathe = keyframes({ from: { opacity: 0.35 }, to: { opacity: 1 } });

const HALO = {
  content: '""',
  position: "absolute",
  inset: 0,
  borderRadius: "inherit",
  pointerEvents: "none",
  boxShadow:
    "0 0 calc(var(--load) * 1em) calc(var(--load) * 0.12em) var(--mui-palette-primary-main), inset 0 0 calc(var(--load) * 1.2em) color-mix(in srgb, var(--mui-palette-primary-main) 45%, transparent)",
  animation: `${breathe} 3s ease-in-out infinite alternate`,
  "@media (prefers-reduced-motion: reduce)": { animation: "none", opacity: 0.7 },
} as const;

type Props = BoxProps & {
  /** From 0 to 1; null is not known, and does not glow. */
  load: number | null;
  /** Colour alone, for hundreds of them: as many halos keep a browser busy. */
  plain?: boolean;
  component?: "div" | "li";
};

/** A surface that glows the more the busier it is, and breathes slowly; it keeps still for whoever wants less motion. */
export function Glow({ load, plain = false, component = "div", sx, ...rest }: Props) {
  // a variable rather than a class for each value: a page that is open for days would collect them
  const style = { "--load": Math.min(1, Math.max(0, load ?? 0)) } as CSSProperties;
  return (
    <Box
      component={component}
      style={style}
      sx={[
        {
          position: "relative",
          border: 1,
          borderColor:
            "color-mix(in srgb, var(--mui-palette-primary-main) calc(var(--load) * 80%), var(--mui-palette-divider))",
          borderRadius: "0.5em",
          backgroundColor: `color-mix(in srgb, var(--mui-palette-primary-main) calc(var(--load) * ${plain ? 55 : 26}%), var(--mui-palette-background-paper))`,
          ...(!plain && { "&::after": HALO }),
        },
        ...(Array.isArray(sx) ? sx : [sx]),
      ]}
      {...rest}
    />
  );
}
