import Alert from "@mui/material/Alert";
import AlertTitle from "@mui/material/AlertTitle";
import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import { useWords } from "../../words/Words";
import { LogTail } from "./LogTail";
import type { Container } from "./queries";
import { Ask } from "./StartCard";
import type { Start } from "./useStart";

const LINES = 50;

type Props = { container: Container; start: Start | null; onOptions: (() => void) | null; log?: boolean };

/** Why a start failed, what it wrote last, and how to go on. `start` null: it cannot be started from here; `log` false: its log is shown elsewhere. */
export function Failure({ container, start, onOptions, log = true }: Props) {
  const t = useWords();
  return (
    <Box sx={{ mt: 1.5 }}>
      <Alert severity="error" sx={{ mb: 1.5 }}>
        <AlertTitle>{t("start.failed")}</AlertTitle>
        {container.reason !== null && (
          <Typography lang="en" variant="body2" sx={{ overflowWrap: "anywhere" }}>
            {container.reason}
          </Typography>
        )}
        <Typography variant="body2">{t("start.failedSafe")}</Typography>
      </Alert>
      {start !== null && <Retry container={container} start={start} onOptions={onOptions} />}
      {log && <LogTail id={container.id} name={container.name} lines={LINES} />}
    </Box>
  );
}

/** The same once more on whatever machine it fits, or what would fit. */
function Retry({ container, start, onOptions }: Props & { start: Start }) {
  const t = useWords();
  const wish = { machine: null, image: container.image, gpus: container.gpus.length };
  return <Ask label={t("start.retry")} start={start} wish={wish} onOptions={onOptions} />;
}
