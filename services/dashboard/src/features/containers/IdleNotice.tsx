import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import Typography from "@mui/material/Typography";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNow } from "../../api/clock";
import { duration } from "../../components/format";
import { Problem } from "../../components/Problem";
import { messages } from "../../messages";
import { type Container, keepMutation } from "./queries";

/** What the rule for idle containers says to the person: a warning with its time left, or that it is kept. */
export function IdleNotice({ container }: { container: Container }) {
  const keep = useMutation(keepMutation(useQueryClient()));
  const idle = container.idle;
  if (idle === null || idle.dry_run) return null;
  const warns = idle.state === "warned" || idle.state === "ending";
  if (!warns && idle.reason !== "extended") return null;
  const mayKeep = idle.state === "warned" && idle.extensions_left > 0;
  return (
    <>
      <Alert
        severity={warns ? "warning" : "info"}
        sx={{ mt: 1.5 }}
        action={
          mayKeep && (
            <Button color="inherit" size="small" onClick={() => keep.mutate(container)} disabled={keep.isPending}>
              {messages.keep}
            </Button>
          )
        }
      >
        {idle.sentence}
        {idle.stop_at !== null && <Countdown until={idle.stop_at} />}
      </Alert>
      {keep.isError && <Problem error={keep.error} />}
    </>
  );
}

function Countdown({ until }: { until: string }) {
  const now = useNow();
  const end = new Date(until);
  return (
    <Typography variant="body2" sx={{ mt: 0.5, fontVariantNumeric: "tabular-nums" }}>
      {messages.endsIn}{" "}
      <time dateTime={until} title={end.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" })}>
        {duration((end.getTime() - now) / 1000)}
      </time>
    </Typography>
  );
}
