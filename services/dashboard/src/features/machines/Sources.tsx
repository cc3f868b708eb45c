import Alert from "@mui/material/Alert";
import Stack from "@mui/material/Stack";
import { useMachines } from "../../api/queries";
import { duration } from "../../components/format";
import { Problem } from "../../components/Problem";
import { messages } from "../../messages";

/** Says what is missing: the door or the manager, Prometheus, the broker. */
export function Sources() {
  const { overview: data, error } = useMachines();
  return (
    <Stack spacing={1} aria-live="polite">
      {error && data && <Problem error={error} />}
      {!error && data?.metrics.state === "unavailable" && (
        <Alert severity="warning">{messages.metricsUnavailable}</Alert>
      )}
      {!error && data?.metrics.state === "stale" && (
        <Alert severity="warning">{messages.metricsStale(duration(data.metrics.age_seconds ?? 0))}</Alert>
      )}
      {!error && data && data.broker.state !== "fresh" && <Alert severity="warning">{messages.brokerAway}</Alert>}
    </Stack>
  );
}
