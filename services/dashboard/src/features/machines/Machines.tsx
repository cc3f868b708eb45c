import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Skeleton from "@mui/material/Skeleton";
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import { lazy, memo, Suspense, useDeferredValue, useMemo, useState } from "react";
import { meQuery } from "../../api/queries";
import { useWords } from "../../words/Words";
import { ALL, chosen, inOrder } from "./choosing";
import { MachineCards } from "./MachineCards";
import { Nothing } from "./Nothing";
import { preference as kept, type Preference, prefer } from "./preference";
import type { Machine } from "./queries";
import { Toolbar } from "./Toolbar";
import { useSteady } from "./useSteady";

// The table is big: fetched by those who like it.
const MachineTable = lazy(async () => ({ default: (await import("./MachineTable")).MachineTable }));

type Props = { machines: readonly Machine[]; onStart: ((machine: string) => void) | null; text: string };

/** Machines, and what one may choose about them; `text` is searched for at first. */
export const Machines = memo(function Machines({ machines, onStart, text }: Props) {
  const t = useWords();
  const me = useQuery(meQuery()).data?.user.name ?? null;
  const [choice, setChoice] = useState(text === "" ? ALL : { ...ALL, text });
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
      <Toolbar machines={machines} choice={choice} onChoice={setChoice} preference={preference} onPreference={choose} />
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
