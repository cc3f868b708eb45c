import Box from "@mui/material/Box";
import Skeleton from "@mui/material/Skeleton";
import { lazy, Suspense } from "react";
import { useMachines } from "../../api/queries";
import { Problem } from "../../components/Problem";
import { useWords } from "../../words/Words";
import { Nothing } from "./Nothing";

// On its way beside the machines' numbers; the rest of the page waits for neither.
const coming = import("./Machines");
const Machines = lazy(async () => ({ default: (await coming).Machines }));

const COLUMNS = "repeat(auto-fill, minmax(min(100%, 400px), 1fr))";

type Props = { onStart: ((machine: string) => void) | null; text?: string };

/** Every machine, as cards or as a table; `onStart` null: nothing can be started now. `text` is searched for at first. */
export function MachineGrid({ onStart, text = "" }: Props) {
  const t = useWords();
  const { overview, error } = useMachines();
  if (overview === undefined) return error ? <Problem error={error} /> : <Waiting />;
  const { machines } = overview;
  if (machines.length === 0) return <Nothing title={t("machines.none")} hint={t("machines.noneHint")} />;
  return (
    <Suspense fallback={<Waiting />}>
      <Machines machines={machines} onStart={onStart} text={text} />
    </Suspense>
  );
}

/** As high as what comes. */
function Waiting() {
  const t = useWords();
  return (
    <Box role="status" aria-label={t("machines.loading")}>
      <Skeleton variant="rounded" height={40} sx={{ mb: 1.5 }} />
      <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: COLUMNS }}>
        {["a", "b", "c"].map((each) => (
          <Skeleton key={each} variant="rounded" height={400} />
        ))}
      </Box>
    </Box>
  );
}
