import Box from "@mui/material/Box";
import Skeleton from "@mui/material/Skeleton";
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "../../api/client";
import { AwayIcon, CheckIcon, ClockIcon, FullIcon, WarnIcon } from "../../components/icons";
import { Problem } from "../../components/Problem";
import { type Format, useFormat } from "../../words/format";
import { type Translate, useWords } from "../../words/Words";
import { eventsQuery } from "./queries";

type Event = Schemas["Events"]["events"][number];
type Kind = "requested" | "placed" | "started" | "ready" | "failed" | "stopping" | "lost" | "ended" | "idle-warned";

const LOOK: Record<Kind, readonly [typeof ClockIcon, string]> = {
  requested: [ClockIcon, "text.secondary"],
  placed: [ClockIcon, "text.secondary"],
  started: [ClockIcon, "info.main"],
  ready: [CheckIcon, "success.main"],
  failed: [WarnIcon, "error.main"],
  stopping: [ClockIcon, "text.secondary"],
  lost: [AwayIcon, "error.main"],
  ended: [FullIcon, "text.secondary"],
  "idle-warned": [WarnIcon, "warning.main"],
};

const WHEN = { dateStyle: "medium", timeStyle: "medium" } as const;

const isKind = (kind: string): kind is Kind => Object.hasOwn(LOOK, kind);

/** What happened to a container, the newest first. */
export function Timeline({ id }: { id: string }) {
  const t = useWords();
  const events = useQuery(eventsQuery(id));
  return (
    <>
      {events.isError && <Problem error={events.error} />}
      {events.isPending && <Skeleton variant="rounded" height={96} role="status" aria-label={t("common.loading")} />}
      {events.data?.length === 0 && (
        <Typography variant="body2" color="textSecondary">
          {t("containers.timelineEmpty")}
        </Typography>
      )}
      {events.data && events.data.length > 0 && (
        <Box
          component="ol"
          aria-label={t("containers.timeline")}
          reversed
          tabIndex={0}
          sx={{ m: 0, p: 0, listStyle: "none", maxHeight: 420, overflow: "auto", opacity: events.isError ? 0.6 : 1 }}
        >
          {events.data.toReversed().map((event) => (
            <Happened key={event.id} event={event} />
          ))}
        </Box>
      )}
    </>
  );
}

function Happened({ event }: { event: Event }) {
  const t = useWords();
  const f = useFormat();
  const kind = event.kind.replace("container.", "");
  if (!isKind(kind)) return null;
  const [Icon, color] = LOOK[kind];
  const reason = event.facts.reason;
  return (
    <Box component="li" sx={{ display: "flex", gap: 1, py: 0.75 }}>
      <Box sx={{ display: "flex", color, pt: 0.25 }}>
        <Icon fontSize="small" />
      </Box>
      <Box sx={{ minWidth: 0 }}>
        <Typography variant="body2" sx={{ overflowWrap: "anywhere" }}>
          {sentence(kind, event, t, f)}
        </Typography>
        {typeof reason === "string" && (
          <Typography variant="body2" lang="en" sx={{ overflowWrap: "anywhere" }}>
            {reason}
          </Typography>
        )}
        <Typography variant="caption" color="textSecondary">
          <time dateTime={event.at} title={f.moment(event.at, true)}>
            {new Intl.DateTimeFormat(f.language, WHEN).format(new Date(event.at))}
          </time>
        </Typography>
      </Box>
    </Box>
  );
}

function sentence(kind: Kind, event: Event, t: Translate, f: Format): string {
  const seconds = event.facts.seconds;
  if (kind === "ready" && typeof seconds === "number")
    return t("containers.event.readyIn", { time: f.seconds(seconds) });
  return t(`containers.event.${kind}`, { machine: event.machine ?? t("common.dash") });
}
