import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Skeleton from "@mui/material/Skeleton";
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import { lazy, memo, type ReactNode, Suspense, useDeferredValue, useMemo, useState } from "react";
import { meQuery, useMachines } from "../../api/queries";
import { Problem } from "../../components/Problem";
import { useWords } from "../../words/Words";
import { ALL, chosen, inOrder } from "./choosing";
import { MachineCards } from "./MachineCards";
import { preference as kept, type Preference, prefer } from "./preference";
import type { Machine } from "./queries";
import { useSteady } from "./useSteady";

// Its fields are a tenth of the first page's code, and the machines do not wait for them.
const Toolbar = lazy(async () => ({ default: (await import("./Toolbar")).Toolbar }));
// The table is big: fetched by those who like it.
const MachineTable = lazy(async () => ({ default: (await import("./MachineTable")).MachineTable }));

const COLUMNS = "repeat(auto-fill, minmax(min(100%, 400px), 1fr))";

type Props = { onStart: ((machine: string) => void) | null };

/** Every machine, as cards or as a table; `onStart` null: nothing can be started now. */
export function MachineGrid({ onStart }: Props) {
  const t = useWords();
  const { overview, error } = useMachines();
  if (overview === undefined) return error ? <Problem error={error} /> : <Waiting />;
  const { machines } = overview;
  if (machines.length === 0) return <Nothing title={t("machines.none")} hint={t("machines.noneHint")} />;
  return <Machines machines={machines} onStart={onStart} />;
}

const Machines = memo(function Machines({ machines, onStart }: Props & { machines: readonly Machine[] }) {
  const t = useWords();
  const me = useQuery(meQuery()).data?.user.name ?? null;
  const [choice, setChoice] = useState(ALL);
  const [preference, setPreference] = useState(kept);
  const wanted = useDeferredValue(choice);
  const sorted = useMemo(() => inOrder(chosen(machines, wanted, me), preference), [machines, wanted, me, preference]);
  const [shown, hold] = useSteady(sorted);
  const choose = (next: Preference) => {
    prefer(next);
    setPreference(next);
  };
  const View = preference.view === "cards" ? MachineCards : MachineTable;
  return (
    <>
      <Suspense fallback={<Skeleton variant="rounded" height={40} sx={{ mb: 1.5 }} />}>
        <Toolbar
          machines={machines}
          choice={choice}
          onChoice={setChoice}
          preference={preference}
          onPreference={choose}
        />
      </Suspense>
      <Typography variant="body2" color="textSecondary" role="status" sx={{ "&:not(:empty)": { mb: 1 } }}>
        {wanted !== ALL && t("machines.counted", { shown: shown.length, all: machines.length })}
      </Typography>
      {shown.length === 0 ? (
        <Nothing title={t("machines.noMatch")} hint={t("machines.noMatchHint")}>
          <Button onClick={() => setChoice(ALL)}>{t("machines.showAll")}</Button>
        </Nothing>
      ) : (
        <Box {...hold}>
          <Suspense fallback={<Skeleton variant="rounded" height={320} />}>
            <View machines={shown} me={me} onStart={onStart} preference={preference} onPreference={choose} />
          </Suspense>
        </Box>
      )}
    </>
  );
});

function Nothing({ title, hint, children }: { title: string; hint: string; children?: ReactNode }) {
  return (
    <Box sx={{ py: 6, textAlign: "center" }}>
      <Typography variant="h6" component="p">
        {title}
      </Typography>
      <Typography color="textSecondary">{hint}</Typography>
      {children}
    </Box>
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
