import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Typography from "@mui/material/Typography";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Schemas } from "../../api/client";
import { useNow } from "../../api/clock";
import { Problem } from "../../components/Problem";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";
import { type Container, keepMutation } from "./queries";

type Idle = Schemas["Idle"];

/** What the rule for idle containers says to the person: a warning with its time left, or that it is kept. */
export function IdleNotice({ container }: { container: Container }) {
  const t = useWords();
  const keep = useMutation(keepMutation(useQueryClient()));
  const idle = container.idle;
  if (idle === null || idle.dry_run) return null;
  const warns = idle.state === "warned" || idle.state === "ending";
  if (!warns && idle.reason !== "extended") return null;
  const mayKeep = idle.state === "warned" && idle.extensions_left > 0;
  return (
    <>
      <Alert severity={warns ? "warning" : "info"} sx={{ mt: 1.5 }}>
        <Told container={container} idle={idle} />
        {idle.state === "warned" && (
          <Typography variant="body2">
            {mayKeep ? t("containers.idle.left", { count: idle.extensions_left }) : t("containers.idle.use")}
          </Typography>
        )}
        <Box sx={{ display: "flex", flexWrap: "wrap", columnGap: 2, alignItems: "center" }}>
          {idle.stop_at !== null && <Countdown until={idle.stop_at} />}
          {mayKeep && (
            <Button
              color="inherit"
              variant="outlined"
              onClick={() => keep.mutate(container)}
              disabled={keep.isPending}
              sx={{ minHeight: 44, mt: 0.5 }}
            >
              {t("containers.idle.keep")}
            </Button>
          )}
        </Box>
      </Alert>
      {keep.isError && <Problem error={keep.error} />}
    </>
  );
}

function Told({ container, idle }: { container: Container; idle: Idle }) {
  const t = useWords();
  const f = useFormat();
  if (idle.reason === "extended") return t("containers.idle.extended");
  if (idle.idle_seconds === null) return <span lang="en">{idle.sentence}</span>;
  const facts = { name: container.name, time: f.duration(idle.idle_seconds), gpus: container.gpus.length };
  return t(idle.state === "ending" ? "containers.idle.ending" : "containers.idle.warned", facts);
}

function Countdown({ until }: { until: string }) {
  const t = useWords();
  const f = useFormat();
  const now = useNow(1_000);
  const time = f.duration((new Date(until).getTime() - now) / 1000);
  return (
    <Typography variant="body2" sx={{ mt: 0.5, fontWeight: 600, fontVariantNumeric: "tabular-nums" }}>
      <time dateTime={until} title={f.moment(until, true)}>
        {t("containers.idle.endsIn", { time })}
      </time>
    </Typography>
  );
}
