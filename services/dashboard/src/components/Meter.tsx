import Box from "@mui/material/Box";
import LinearProgress from "@mui/material/LinearProgress";
import Typography from "@mui/material/Typography";
import { useWords } from "../words/Words";

type Props = { label: string; ratio: number | null; text: string | null };

/** A ratio from 0 to 1 with its text, or a dash when nobody told it. */
export function Meter({ label, ratio, text }: Props) {
  const t = useWords();
  const known = ratio !== null;
  const share = Math.min(100, Math.max(0, (ratio ?? 0) * 100));
  return (
    <Box sx={{ minWidth: 0 }}>
      <Box sx={{ display: "flex", justifyContent: "space-between", gap: 1 }}>
        <Typography variant="body2" color="textSecondary">
          {label}
        </Typography>
        <Typography variant="body2" noWrap sx={{ fontVariantNumeric: "tabular-nums" }}>
          {text ?? t("common.dash")}
        </Typography>
      </Box>
      <LinearProgress
        variant="determinate"
        value={share}
        color={share >= 90 ? "warning" : "primary"}
        aria-label={label}
        aria-valuetext={known ? (text ?? undefined) : t("common.unknown")}
        sx={{ height: 6, borderRadius: 3, opacity: known ? 1 : 0.3 }}
      />
    </Box>
  );
}
