import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Skeleton from "@mui/material/Skeleton";
import Stack from "@mui/material/Stack";
import { useQuery } from "@tanstack/react-query";
import { ApiError } from "../../api/client";
import { Problem } from "../../components/Problem";
import { useWords } from "../../words/Words";
import { AsOf } from "./AsOf";
import { ContainerCard } from "./ContainerCard";
import { Offers } from "./Fit";
import { offersOf } from "./offers";
import { containersQuery, isUnanswered, type Wish } from "./queries";
import { StartCard } from "./StartCard";
import type { Start } from "./useStart";

type Props = { start: Start; usual: Wish; onOptions: () => void };

/** One's own containers, or the button that starts one. */
export function MyContainer({ start, usual, onOptions }: Props) {
  const t = useWords();
  const containers = useQuery(containersQuery());
  if (containers.data === undefined) {
    return containers.isError ? (
      <Problem error={containers.error} />
    ) : (
      <Skeleton variant="rounded" height={132} aria-label={t("containers.loading")} />
    );
  }
  const mine = containers.data;
  const none = !mine.some((each) => each.name === "default");
  return (
    <Stack spacing={1.5}>
      <Refused start={start} />
      {start.blocked !== null && <Blocked url={start.blocked} />}
      {containers.isError && <Problem error={containers.error} />}
      {containers.isError && <AsOf since={containers.dataUpdatedAt} />}
      <Stack spacing={1.5} sx={{ opacity: containers.isError ? 0.6 : 1 }}>
        {mine.map((each) => (
          <ContainerCard key={each.id} container={each} start={start} onOptions={onOptions} />
        ))}
        {none && <StartCard start={start} wish={usual} onOptions={onOptions} first={mine.length === 0} />}
      </Stack>
    </Stack>
  );
}

/** Why a start was refused, with what would fit, or with another try where nobody knows whether it came about. */
function Refused({ start }: { start: Start }) {
  const t = useWords();
  const { error } = start;
  if (error === null) return null;
  const offers = error instanceof ApiError ? offersOf(error.parameters.offers) : [];
  return (
    <Box>
      <Problem error={error} />
      <Offers offers={offers} onStart={start.go} disabled={start.pending} />
      {isUnanswered(error) && (
        <Button onClick={start.repeat} disabled={start.pending} sx={{ mt: 1, minHeight: 44 }} variant="outlined">
          {t("start.repeat")}
        </Button>
      )}
    </Box>
  );
}

function Blocked({ url }: { url: string }) {
  const t = useWords();
  return (
    <Alert
      severity="info"
      action={
        <Button color="inherit" variant="outlined" href={url} target="_blank" sx={{ minHeight: 44 }}>
          {t("containers.open")}
        </Button>
      }
    >
      {t("start.blocked")}
    </Alert>
  );
}
