import Chip from "@mui/material/Chip";
import Skeleton from "@mui/material/Skeleton";
import Stack from "@mui/material/Stack";
import { useQuery } from "@tanstack/react-query";
import { useMachines } from "../api/queries";
import { containersQuery } from "../features/containers/queries";
import { useWords } from "../words/Words";

/** "3 free GPUs of 6", "you use 1", "quota 2": the answer to the first question. What is not known is not counted as free. `quota` null: none. */
export function Strip({ quota }: { quota: number | null }) {
  const t = useWords();
  const { overview, late, error, isPending } = useMachines();
  const containers = useQuery(containersQuery()).data;
  if (isPending) return <Skeleton width={240} height={24} />;
  if (overview === undefined) return null;
  const { machines } = overview;
  const all = machines.reduce((sum, machine) => sum + machine.gpus_total, 0);
  const told = machines.filter((machine) => machine.state !== "unreachable" && machine.gpus_free !== null);
  const free = told.reduce((sum, machine) => sum + (machine.gpus_free ?? 0), 0);
  const silent = machines.some((machine) => machine.state !== "unreachable" && machine.gpus_free === null);
  const used = containers?.filter((each) => each.state !== "failed").flatMap((each) => each.gpus).length;
  const parts =
    all === 0
      ? [t("start.strip.noGpus"), t("common.machines", { count: machines.length })]
      : [
          silent ? silentWords(free, all) : t("start.strip.free", { free, all }),
          used === undefined ? t("start.strip.useUnknown") : t("start.strip.use", { count: used }),
        ];
  if (quota !== null) parts.push(t("start.strip.quota", { count: quota }));

  function silentWords(least: number, whole: number): string {
    return least === 0
      ? t("start.strip.freeUnknown", { all: whole })
      : t("start.strip.freeAtLeast", { free: least, all: whole });
  }

  return (
    <Stack
      component="ul"
      direction="row"
      useFlexGap
      aria-label={t("start.strip.label")}
      sx={{
        opacity: error || late > 0 ? 0.6 : 1,
        flexWrap: "wrap",
        gap: 1,
        m: 0,
        p: 0,
        listStyle: "none",
        fontVariantNumeric: "tabular-nums",
      }}
    >
      {parts.map((part, index) => (
        <li key={part}>
          <Chip size="small" label={part} color={index === 0 && free > 0 ? "success" : "default"} variant="outlined" />
        </li>
      ))}
    </Stack>
  );
}
