import type { Theme } from "@mui/material/styles";

const COLORS = ["a", "b", "c", "d", "e"] as const; // of the theme's `person`

const STRIPE = "transparent 0 2px, rgb(255 255 255 / 0.55) 2px 4px";
const PATTERNS = [
  { backgroundImage: "none" },
  { backgroundImage: `repeating-linear-gradient(45deg, ${STRIPE})` },
  { backgroundImage: "radial-gradient(rgb(255 255 255 / 0.7) 1px, transparent 1.2px)", backgroundSize: "4px 4px" },
  { backgroundImage: `repeating-linear-gradient(90deg, ${STRIPE})` },
  { backgroundImage: `repeating-linear-gradient(-45deg, ${STRIPE})` },
];

const sum = (owner: string) => [...owner].reduce((all, letter) => (all * 33 + (letter.codePointAt(0) ?? 0)) % 9973, 7);

/** One person has one color everywhere, nobody (null) none; the shares of one bar differ in pattern. */
export const lookOf = (owner: string | null, index: number) => ({
  "data-color": owner === null ? "nobody" : COLORS[sum(owner) % COLORS.length],
  "data-pattern": index % PATTERNS.length,
});

/** How elements with a `lookOf` look, for the styles of what they are in. */
export const swatches = (theme: Theme) => ({
  "& [data-color]": { flex: "none", forcedColorAdjust: "none", backgroundColor: theme.vars?.palette.text.secondary },
  ...Object.fromEntries(
    COLORS.map((color) => [`& [data-color=${color}]`, { backgroundColor: theme.vars?.palette.person[color] }]),
  ),
  ...Object.fromEntries(PATTERNS.map((pattern, index) => [`& [data-pattern="${index}"]`, pattern])),
});
