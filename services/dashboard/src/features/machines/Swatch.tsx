import { styled } from "@mui/material/styles";
import { COLORS, type Look, PATTERNS } from "./swatches";

const STRIPE = "transparent 0 2px, rgb(255 255 255 / 0.55) 2px 4px";
const IMAGE: Record<Look["pattern"], string> = {
  solid: "none",
  falling: `repeating-linear-gradient(45deg, ${STRIPE})`,
  dots: "radial-gradient(rgb(255 255 255 / 0.7) 1px, transparent 1.2px)",
  upright: `repeating-linear-gradient(90deg, ${STRIPE})`,
  rising: `repeating-linear-gradient(-45deg, ${STRIPE})`,
};

const only = (name: string) => !["color", "pattern"].includes(name);

/** A bit of a person's color and pattern: part of a bar, or (`data-key`) the key to one. */
export const Swatch = styled("span", { shouldForwardProp: only })<Look>(({ theme }) => ({
  flex: "none",
  height: "100%",
  forcedColorAdjust: "none",
  "&[data-key]": { width: 10, height: 10, borderRadius: 2, alignSelf: "center" },
  variants: [
    ...COLORS.map((color) => ({ props: { color }, style: { backgroundColor: theme.vars?.palette.person[color] } })),
    { props: { color: "nobody" as const }, style: { backgroundColor: theme.vars?.palette.text.secondary } },
    ...PATTERNS.map((pattern) => ({
      props: { pattern },
      style: { backgroundImage: IMAGE[pattern], ...(pattern === "dots" && { backgroundSize: "4px 4px" }) },
    })),
  ],
}));
