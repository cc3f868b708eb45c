import Box from "@mui/material/Box";
import Skeleton from "@mui/material/Skeleton";
import ToggleButton from "@mui/material/ToggleButton";
import ToggleButtonGroup from "@mui/material/ToggleButtonGroup";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import type { Schemas } from "../../api/client";
import { machinesQuery } from "../../api/queries";
import { type Chart, HistoryChart } from "../../components/HistoryChart/HistoryChart";
import { Problem } from "../../components/Problem";
import { type Format, useFormat } from "../../words/format";
import { type Translate, useWords } from "../../words/Words";
import { type Container, historyQuery, type Range } from "./queries";
import { Section } from "./Section";

type Curves = Schemas["ContainerHistory"];

const RANGES: readonly Range[] = ["1h", "6h", "24h", "7d"];
const GRID = { display: "grid", gap: 2, gridTemplateColumns: "repeat(auto-fit, minmax(min(100%, 320px), 1fr))" };

/** What a container used over time: the GPUs' load and memory, memory and CPU, with their limits. */
export function History({ container }: { container: Container }) {
  const t = useWords();
  const f = useFormat();
  const [search, setSearch] = useSearchParams();
  const range = RANGES.find((each) => each === search.get("range")) ?? "1h";
  const history = useQuery({ ...historyQuery(container.id, range), placeholderData: keepPreviousData });
  const gpus = useQuery(machinesQuery()).data?.machines.find(({ name }) => name === container.machine)?.gpus ?? [];
  const memoryOf = new Map(gpus.map((gpu) => [gpu.uuid, gpu.memory_total_bytes]));
  const old = history.isError || history.isPlaceholderData;
  return (
    <Section
      title={t("containers.use")}
      action={
        <ToggleButtonGroup
          exclusive
          size="small"
          value={range}
          aria-label={t("containers.range")}
          onChange={(_, chosen: Range | null) => chosen && setSearch({ range: chosen }, { replace: true })}
        >
          {RANGES.map((each) => (
            <ToggleButton key={each} value={each} sx={{ minHeight: 44 }}>
              {t(`containers.range.${each}`)}
            </ToggleButton>
          ))}
        </ToggleButtonGroup>
      }
    >
      {history.isError && <Problem error={history.error} />}
      {history.isPending && <Skeleton variant="rounded" height={440} role="status" aria-label={t("common.loading")} />}
      {history.data && (
        <Box sx={{ ...GRID, opacity: old ? 0.6 : 1 }}>
          {charts(history.data, container, memoryOf, t, f).map((chart) => (
            <HistoryChart key={chart.title} {...chart} />
          ))}
        </Box>
      )}
    </Section>
  );
}

function charts(
  told: Curves,
  { limits }: Container,
  memoryOf: ReadonlyMap<string, number | null>,
  t: Translate,
  f: Format,
): Chart[] {
  const when = { from: told.from, stepSeconds: told.step_seconds };
  const bytes = (value: number) => f.bytes(value);
  const percent = (value: number) => f.percent(value);
  const named = told.gpus.map((gpu) => ({ ...gpu, label: t("containers.chart.gpu", { index: gpu.index ?? "?" }) }));
  const totals = told.gpus.map((gpu) => memoryOf.get(gpu.uuid) ?? null);
  const least = totals.includes(null) ? null : Math.min(...totals.map((total) => total ?? 0));
  const limited = (value: number) => ({ value, label: t("containers.chart.limit", { value: f.bytes(value) }) });
  const memory = t("containers.chart.memory");
  const cpu = t("containers.chart.cpu");
  const ofGpus: Chart[] = [
    {
      ...when,
      title: t("containers.chart.load"),
      lines: named.map(({ uuid, label, machine_utilization_ratio: values }) => ({ id: uuid, label, values })),
      format: percent,
      top: 1,
    },
    {
      ...when,
      title: t("containers.chart.gpuMemory"),
      lines: named.map(({ uuid, label, memory_used_bytes: values }) => ({ id: uuid, label, values })),
      format: bytes,
      limit: least === null ? null : limited(least),
    },
  ];
  return [
    ...(told.gpus.length > 0 ? ofGpus : []),
    {
      ...when,
      title: memory,
      lines: [{ id: "memory", label: memory, values: told.series.memory_used_bytes }],
      format: bytes,
      limit: limited(limits.memory_bytes),
    },
    {
      ...when,
      title: cpu,
      lines: [{ id: "cpu", label: cpu, values: told.series.cpu_ratio }],
      format: percent,
      top: 1,
    },
  ];
}
