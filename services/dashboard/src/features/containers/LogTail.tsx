import Refresh from "@mui/icons-material/Refresh";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Skeleton from "@mui/material/Skeleton";
import Typography from "@mui/material/Typography";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useLayoutEffect, useRef, useState } from "react";
import type { Schemas } from "../../api/client";
import { Problem } from "../../components/Problem";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";
import { logQuery } from "./queries";

const MOST = 1_000;

type Props = { id: string; name: string; lines: number; heading?: boolean };

/** The end of what a container wrote, read again when asked. `heading` false: it has one already. */
export function LogTail({ id, name, lines, heading = true }: Props) {
  const t = useWords();
  const f = useFormat();
  const [count, setCount] = useState(lines);
  const log = useQuery({ ...logQuery(id, count), placeholderData: keepPreviousData });
  return (
    <Box sx={{ mt: heading ? 1.5 : 0 }}>
      <Box sx={{ display: "flex", flexWrap: "wrap", gap: 1, alignItems: "center", minHeight: 44 }}>
        {heading && (
          <Typography component="h3" variant="subtitle2">
            {t("containers.log")}
          </Typography>
        )}
        {log.data && (
          <Typography variant="caption" color="textSecondary">
            {t("containers.logTaken", { time: f.moment(log.data.taken_at) })}
          </Typography>
        )}
        <Box sx={{ ml: "auto" }}>
          {log.data?.truncated && count < MOST && (
            <Button onClick={() => setCount(MOST)}>{t("containers.logMore")}</Button>
          )}
          <Button startIcon={<Refresh />} onClick={() => log.refetch()} disabled={log.isFetching}>
            {t("containers.logRefresh")}
          </Button>
        </Box>
      </Box>
      {log.isError && <Problem error={log.error} />}
      {log.isPending && <Skeleton variant="rounded" height={160} role="status" aria-label={t("common.loading")} />}
      {log.data && <Lines log={log.data} label={t("containers.logOf", { name })} old={log.isError} />}
    </Box>
  );
}

function Lines({ log, label, old }: { log: Schemas["Log"]; label: string; old: boolean }) {
  const t = useWords();
  const box = useRef<HTMLPreElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines are what scrolls to the newest
  useLayoutEffect(() => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [log]);
  if (log.lines === null) return <Typography variant="body2">{t("containers.logNone")}</Typography>;
  if (log.lines.length === 0) return <Typography variant="body2">{t("containers.logEmpty")}</Typography>;
  return (
    <>
      {log.truncated && (
        <Typography variant="caption" color="textSecondary">
          {t("containers.logTruncated")}
        </Typography>
      )}
      <Box
        component="pre"
        ref={box}
        tabIndex={0}
        role="region"
        aria-label={label}
        sx={{
          m: 0,
          p: 1.5,
          maxHeight: 320,
          overflow: "auto",
          borderRadius: 1,
          bgcolor: "action.hover",
          fontSize: 12,
          lineHeight: 1.5,
          whiteSpace: "pre-wrap",
          overflowWrap: "anywhere",
          opacity: old ? 0.6 : 1,
        }}
      >
        {log.lines.join("\n")}
      </Box>
    </>
  );
}
