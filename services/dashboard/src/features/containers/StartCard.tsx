import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Card from "@mui/material/Card";
import CardContent from "@mui/material/CardContent";
import LinearProgress from "@mui/material/LinearProgress";
import Typography from "@mui/material/Typography";
import { useWords } from "../../words/Words";
import { Fit, useFit } from "./Fit";
import type { Wish } from "./queries";
import { StartButtons } from "./StartButtons";
import type { Start } from "./useStart";

type Props = { start: Start; wish: Wish; onOptions: () => void; first: boolean };

/** Where there is no container: one click starts one, and what would happen is said before. */
export function StartCard({ start, wish, onOptions, first }: Props) {
  const t = useWords();
  return (
    <Card variant="outlined">
      <CardContent>
        {first && <Typography sx={{ mb: 1.5 }}>{t("containers.none")}</Typography>}
        <Ask label={t("start.button")} start={start} wish={wish} onOptions={onOptions} />
      </CardContent>
    </Card>
  );
}

type AskProps = { label: string; start: Start; wish: Wish; onOptions: (() => void) | null };

/** The button that starts, and beside it what would happen, or what fits instead. */
export function Ask({ label, start, wish, onOptions }: AskProps) {
  const fit = useFit(wish);
  return (
    <Box sx={{ display: "flex", flexWrap: "wrap", columnGap: 3, rowGap: 1.5, alignItems: "center" }}>
      <StartButtons
        label={label}
        onStart={() => start.go(wish, fit.told?.predicted_seconds ?? null)}
        onOptions={onOptions}
        disabled={start.pending}
        quiet={fit.told?.fits === false}
      />
      <Box sx={{ flex: "1 1 280px", minWidth: 0 }}>
        {start.pending ? (
          <Asking repeats={start.repeats} />
        ) : (
          <Fit wish={wish} fit={fit} onStart={(other) => start.go(other)} />
        )}
      </Box>
    </Box>
  );
}

/** That one asks, and that one asks again where the answer was lost. */
function Asking({ repeats }: { repeats: number }) {
  const t = useWords();
  return (
    <Box role="status">
      <Typography variant="body2">{t("start.asking")}</Typography>
      <LinearProgress aria-label={t("start.asking")} sx={{ mt: 1, borderRadius: 2 }} />
      {repeats > 0 && (
        <Alert severity="warning" sx={{ mt: 1 }}>
          {t("start.asksAgain")}
        </Alert>
      )}
    </Box>
  );
}
