import Alert from "@mui/material/Alert";
import Stack from "@mui/material/Stack";
import { useQuery } from "@tanstack/react-query";
import { machinesQuery } from "../../api/queries";
import { Problem } from "../../components/Problem";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";

/** Says what is missing: the door or the manager, Prometheus, the broker. */
export function Sources() {
  const { data, error } = useQuery(machinesQuery());
  const t = useWords();
  const f = useFormat();
  return (
    <Stack spacing={1} aria-live="polite">
      {error && data && <Problem error={error} />}
      {!error && data?.metrics.state === "unavailable" && (
        <Alert severity="warning">{t("machines.sources.metricsUnavailable")}</Alert>
      )}
      {!error && data?.metrics.state === "stale" && (
        <Alert severity="warning">
          {t("machines.sources.metricsStale", { age: f.duration(data.metrics.age_seconds ?? 0) })}
        </Alert>
      )}
      {!error && data && data.broker.state !== "fresh" && (
        <Alert severity="warning">{t("machines.sources.brokerAway")}</Alert>
      )}
    </Stack>
  );
}
