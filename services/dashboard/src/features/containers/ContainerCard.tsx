import Alert from "@mui/material/Alert";
import Card from "@mui/material/Card";
import CardContent from "@mui/material/CardContent";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { useWords } from "../../words/Words";
import { Actions, Stopping, useStop } from "./Actions";
import { Failure } from "./Failure";
import { IdleNotice } from "./IdleNotice";
import { type Container, isStarting } from "./queries";
import { StartProgress } from "./StartProgress";
import { Summary } from "./Summary";
import type { Start } from "./useStart";

type Props = { container: Container; start: Start; onOptions: () => void };

/** One of one's own containers, on the first page. */
export function ContainerCard({ container, start, onOptions }: Props) {
  const t = useWords();
  const stop = useStop(container);
  return (
    <Card variant="outlined" component="article" aria-label={t("containers.card", { name: container.name })}>
      <CardContent>
        <Stack direction="row" spacing={1.5} useFlexGap sx={{ flexWrap: "wrap", alignItems: "center" }}>
          <Summary container={container} />
          <Actions container={container} stop={stop} own details />
        </Stack>
        <State container={container} />
        {container.state === "failed" && (
          <Failure container={container} start={container.name === "default" ? start : null} onOptions={onOptions} />
        )}
      </CardContent>
      <Stopping stop={stop} />
    </Card>
  );
}

/** What a container's state asks of the person: to wait, to keep it, or nothing. */
export function State({ container }: { container: Container }) {
  const t = useWords();
  return (
    <>
      {container.state === "lost" && (
        <Alert severity="warning" sx={{ mt: 1.5 }}>
          {t("containers.lostHint")}
        </Alert>
      )}
      {container.reason !== null && container.state !== "failed" && (
        <Typography lang="en" variant="body2" color="textSecondary" sx={{ mt: 1 }}>
          {container.reason}
        </Typography>
      )}
      <IdleNotice container={container} />
      {isStarting(container) && <StartProgress container={container} />}
    </>
  );
}
