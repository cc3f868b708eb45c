import OfflineIcon from "@mui/icons-material/CloudOffOutlined";
import Alert from "@mui/material/Alert";
import AlertTitle from "@mui/material/AlertTitle";
import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, useSyncExternalStore } from "react";
import { useLocation } from "react-router";
import type { Schemas } from "../api/client";
import { machinesQuery, meQuery } from "../api/queries";
import { Problem } from "../components/Problem";
import { useFormat } from "../words/format";
import { useWords } from "../words/Words";
import { roomOf } from "./places";

const LIVE = new Set(["", "containers", "admin"]); // pages with the machines' numbers

/** What stands between the page and the truth, in one place: the network, Shiva itself, or one of its sources. */
export function Banner() {
  const live = LIVE.has(roomOf(useLocation().pathname));
  return (
    <Stack spacing={1} aria-live="polite" sx={{ "&:not(:empty)": { mb: 2 } }}>
      {live ? <OfMachines /> : <OfMe />}
    </Stack>
  );
}

function OfMachines() {
  const { data, error, dataUpdatedAt } = useQuery(machinesQuery());
  const online = useOnline();
  if (!online || error) return <Away online={online} error={error} known={data !== undefined} since={dataUpdatedAt} />;
  return data && <Sources overview={data} />;
}

function OfMe() {
  const { data, error, dataUpdatedAt } = useQuery(meQuery());
  const online = useOnline();
  return <Away online={online} error={error} known={data !== undefined} since={dataUpdatedAt} />;
}

type AwayProps = { online: boolean; error: Error | null; known: boolean; since: number };

/** Nothing new comes; whoever knows nothing yet says so where it would stand. */
function Away({ online, error, known, since }: AwayProps) {
  const t = useWords();
  const client = useQueryClient();
  const retry = (
    <Button color="inherit" onClick={() => client.refetchQueries({ type: "active" })}>
      {t("frame.retry")}
    </Button>
  );
  if (!online) {
    return (
      <Alert severity="warning" icon={<OfflineIcon fontSize="inherit" />}>
        <AlertTitle>{t("frame.offline")}</AlertTitle>
        {t("frame.offline.hint")}
        {known && <Old since={since} />}
      </Alert>
    );
  }
  if (error === null || !known) return null;
  return (
    <Problem error={error} action={retry}>
      <Old since={since} />
    </Problem>
  );
}

function Old({ since }: { since: number }) {
  const t = useWords();
  const f = useFormat();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return <Typography variant="body2">{t("frame.away", { age: f.duration((now - since) / 1000) })}</Typography>;
}

function Sources({ overview: { metrics, broker } }: { overview: Schemas["Machines"] }) {
  const t = useWords();
  const f = useFormat();
  const ageOf = ({ age_seconds }: Schemas["Source"]) => f.duration(age_seconds ?? 0);
  return (
    <>
      {metrics.state === "unavailable" && <Alert severity="warning">{t("frame.metricsUnavailable")}</Alert>}
      {metrics.state === "stale" && (
        <Alert severity="warning">{t("frame.metricsStale", { age: ageOf(metrics) })}</Alert>
      )}
      {broker.state === "unavailable" && <Alert severity="warning">{t("frame.brokerAway")}</Alert>}
      {broker.state === "stale" && <Alert severity="warning">{t("frame.brokerStale", { age: ageOf(broker) })}</Alert>}
    </>
  );
}

function listen(onChange: () => void) {
  window.addEventListener("online", onChange);
  window.addEventListener("offline", onChange);
  return () => {
    window.removeEventListener("online", onChange);
    window.removeEventListener("offline", onChange);
  };
}

/** Whether the browser has a network at all. */
const useOnline = () => useSyncExternalStore(listen, () => navigator.onLine);
