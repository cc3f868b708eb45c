import OfflineIcon from "@mui/icons-material/CloudOffOutlined";
import Alert from "@mui/material/Alert";
import AlertTitle from "@mui/material/AlertTitle";
import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { useLocation } from "react-router";
import type { Schemas } from "../api/client";
import { useSecondsSince } from "../api/clock";
import { meQuery, useMachines } from "../api/queries";
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
  const { overview, late, error } = useMachines();
  const online = useOnline();
  if (!online || error) return <Away online={online} error={error} age={overview && late} />;
  return overview && <Sources overview={overview} />;
}

function OfMe() {
  const { data, error, dataUpdatedAt } = useQuery(meQuery());
  const online = useOnline();
  const age = useSecondsSince(dataUpdatedAt);
  return <Away online={online} error={error} age={data && age} />;
}

type AwayProps = { online: boolean; error: Error | null; age: number | undefined };

/** Nothing new comes; `age` in seconds of what is known, undefined: who knows nothing yet says so where it would stand. */
function Away({ online, error, age }: AwayProps) {
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
        {age !== undefined && <Old age={age} />}
      </Alert>
    );
  }
  if (error === null || age === undefined) return null;
  return (
    <Problem error={error} action={retry}>
      <Old age={age} />
    </Problem>
  );
}

function Old({ age }: { age: number }) {
  const t = useWords();
  const f = useFormat();
  if (age === 0) return null;
  return <Typography variant="body2">{t("frame.away", { age: f.duration(age) })}</Typography>;
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
