import Box from "@mui/material/Box";
import Paper from "@mui/material/Paper";
import Typography from "@mui/material/Typography";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";
import { useHours } from "./hours";
import { type Sums, share } from "./queries";

/** My sums beside everybody's. */
export function Summary({ mine, all }: { mine: Sums; all: Sums }) {
  const t = useWords();
  return (
    <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: "repeat(auto-fit, minmax(min(100%, 320px), 1fr))" }}>
      <Card title={t("usage.you")} sums={mine} />
      <Card title={t("usage.everybody")} sums={all} />
    </Box>
  );
}

function Card({ title, sums }: { title: string; sums: Sums }) {
  const t = useWords();
  const f = useFormat();
  const hours = useHours();
  const ratio = share(sums);
  const figures = [
    [t("usage.held"), hours(sums.held)],
    [t("usage.used"), hours(sums.used)],
    [t("usage.share"), ratio === null ? t("common.dash") : f.percent(ratio)],
  ] as const;
  return (
    <Paper variant="outlined" component="section" aria-label={title} sx={{ p: 2 }}>
      <Typography variant="subtitle2" component="h2" color="textSecondary">
        {title}
      </Typography>
      <Box component="dl" sx={{ m: 0, display: "grid", gridTemplateColumns: "repeat(3, 1fr)", gap: 1 }}>
        {figures.map(([label, value]) => (
          <Box key={label} sx={{ display: "flex", flexDirection: "column-reverse", justifyContent: "flex-end" }}>
            <Typography component="dt" variant="caption" color="textSecondary">
              {label}
            </Typography>
            <Typography component="dd" variant="h5" sx={{ m: 0, fontVariantNumeric: "tabular-nums" }}>
              {value}
            </Typography>
          </Box>
        ))}
      </Box>
    </Paper>
  );
}
