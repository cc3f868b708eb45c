import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import type { ElementType } from "react";

type Props = {
  icon: ElementType;
  color: "success" | "warning" | "error" | "action";
  word: string;
  /** More about it, below; null: nothing. */
  hint?: string | null;
};

/** A state, as a word with an icon. */
export function Sign({ icon: Icon, color, word, hint = null }: Props) {
  return (
    <>
      <Box component="span" sx={{ display: "inline-flex", alignItems: "center", gap: 0.5, whiteSpace: "nowrap" }}>
        <Icon fontSize="small" color={color} aria-hidden />
        {word}
      </Box>
      {hint !== null && (
        <Typography variant="caption" component="div" color="textSecondary" sx={{ overflowWrap: "anywhere" }}>
          {hint}
        </Typography>
      )}
    </>
  );
}
