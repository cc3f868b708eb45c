/** Colors are those of the theme's `person`; "nobody" is what belongs to no person. */
export const COLORS = ["a", "b", "c", "d", "e"] as const;
export const PATTERNS = ["solid", "falling", "dots", "upright", "rising"] as const;
export type Look = { color: (typeof COLORS)[number] | "nobody"; pattern: (typeof PATTERNS)[number] };

const sum = (owner: string) => [...owner].reduce((all, letter) => (all * 33 + (letter.codePointAt(0) ?? 0)) % 9973, 7);

/** One person has one color everywhere; the shares of one bar differ in pattern. */
export function lookOf(owner: string | null, index: number): Look {
  const pattern = PATTERNS[index % PATTERNS.length] ?? "solid";
  return { color: owner === null ? "nobody" : (COLORS[sum(owner) % COLORS.length] ?? "a"), pattern };
}
