import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import Card from "@mui/material/Card";
import CardContent from "@mui/material/CardContent";
import Skeleton from "@mui/material/Skeleton";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Ago } from "../../components/Ago";
import { ConfirmDialog } from "../../components/ConfirmDialog";
import { seconds } from "../../components/format";
import { OpenIcon } from "../../components/icons";
import { Problem } from "../../components/Problem";
import { messages } from "../../messages";
import { IdleNotice } from "./IdleNotice";
import { type Container, containersQuery, isMoving, stopMutation } from "./queries";
import { StartProgress } from "./StartProgress";
import { StateChip } from "./StateChip";

type Props = { onStart: () => void; onOptions: () => void; starting: boolean; startError: Error | null };

/** One's own containers, or the button that starts one. */
export function MyContainer({ onStart, onOptions, starting, startError }: Props) {
  const containers = useQuery(containersQuery());
  if (containers.data === undefined) {
    return containers.isError ? (
      <Problem error={containers.error} />
    ) : (
      <Skeleton variant="rounded" height={132} aria-label="Loading your container" />
    );
  }
  const mine = containers.data;
  const none = !mine.some((each) => each.name === "default" && each.state !== "failed");
  return (
    <Stack spacing={1.5}>
      {startError && <Problem error={startError} />}
      {mine.map((each) => (
        <One key={each.id} container={each} />
      ))}
      {none && (
        <Card variant="outlined">
          <CardContent>
            {mine.length === 0 && <Typography sx={{ mb: 1.5 }}>{messages.noContainer}</Typography>}
            <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: "wrap" }}>
              <Button variant="contained" size="large" onClick={onStart} disabled={starting}>
                {messages.start}
              </Button>
              <Button size="large" onClick={onOptions} disabled={starting}>
                {messages.options}
              </Button>
            </Stack>
          </CardContent>
        </Card>
      )}
    </Stack>
  );
}

function One({ container }: { container: Container }) {
  const [asking, setAsking] = useState(false);
  const stop = useMutation(stopMutation(useQueryClient()));
  const took = container.time_to_notebook_seconds;
  return (
    <Card variant="outlined" component="article" aria-label={`${messages.myContainer}: ${container.name}`}>
      <CardContent>
        <Stack direction="row" spacing={1.5} useFlexGap sx={{ flexWrap: "wrap", alignItems: "center" }}>
          <StateChip state={container.state} />
          <Typography component="span">
            <strong>{container.machine}</strong> · {messages.gpuCount(container.gpus.length)}
          </Typography>
          {container.started_at && (
            <Typography component="span" color="textSecondary">
              {messages.since} <Ago at={container.started_at} />
              {took !== null && ` · ${messages.readyIn(seconds(took))}`}
            </Typography>
          )}
          <Stack direction="row" spacing={1} sx={{ ml: "auto" }}>
            {container.state === "ready" && (
              <Button variant="contained" href={container.url} target="_blank" startIcon={<OpenIcon />}>
                {messages.open}
              </Button>
            )}
            <Button color="error" onClick={() => setAsking(true)} disabled={container.state === "stopping"}>
              {messages.stop}
            </Button>
          </Stack>
        </Stack>
        {container.reason && (
          <Alert severity="error" sx={{ mt: 1.5 }}>
            {container.reason}
          </Alert>
        )}
        <IdleNotice container={container} />
        {isMoving(container) && container.state !== "stopping" && <StartProgress container={container} />}
        {stop.isError && <Problem error={stop.error} />}
      </CardContent>
      <ConfirmDialog
        open={asking}
        title={messages.stopTitle}
        text={messages.stopText}
        confirm={messages.stopConfirm}
        onClose={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          stop.mutate(container);
        }}
      />
    </Card>
  );
}
