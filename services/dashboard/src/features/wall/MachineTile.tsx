import LockOutlined from "@mui/icons-material/LockOutlined";
import Box from "@mui/material/Box";
import Card from "@mui/material/Card";
import Typography from "@mui/material/Typography";
import { memo } from "react";
import { spelled } from "../../components/format";
import { AwayIcon, CheckIcon, ClockIcon, FullIcon, HalfIcon } from "../../components/icons";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";
import type { Fit } from "./fit";
import { Glow } from "./Glow";
import { GPU_LOOK, GpuCell } from "./GpuCell";
import { isFresh, type Machine, unaddressed, wordOf } from "./truth";

const LOOK = {
  free: [CheckIcon, "success.main"],
  partly_free: [HalfIcon, "success.main"],
  full: [FullIcon, "warning.main"],
  closed: [LockOutlined, "warning.main"],
  stale: [ClockIcon, "text.secondary"],
  unreachable: [AwayIcon, "error.main"],
} as const;

/** Old values lose their colors, not their contrast. */
const OLD = { filter: "grayscale(1)", "--mui-palette-text-primary": "var(--mui-palette-text-secondary)" } as const;

type Props = { machine: Machine; kind: Fit["kind"]; across: number; late: boolean; minute: number };

/** One machine and its GPUs; greyed where what is shown is not of now. */
export const MachineTile = memo(function MachineTile({ machine, kind, across, late, minute }: Props) {
  const Gpus = kind === "big" ? BigGpus : DenseGpus;
  const grey = late || !isFresh(machine);
  return (
    <Card
      variant="outlined"
      component="article"
      aria-label={machine.name}
      sx={{
        p: kind === "big" ? "0.8em" : "0.4em 0.7em",
        minWidth: 0,
        minHeight: 0,
        overflow: "hidden",
        display: "flex",
        flexDirection: "column",
        ...(grey && { borderStyle: "dashed", backgroundColor: "transparent" }),
      }}
    >
      <Title machine={machine} late={late} kind={kind} />
      <Box sx={{ flexGrow: 1, minHeight: 0, ...(grey && OLD) }}>
        <Gpus machine={machine} across={across} late={late} minute={minute} />
      </Box>
    </Card>
  );
});

function Title({ machine, late, kind }: Pick<Props, "machine" | "late" | "kind">) {
  const t = useWords();
  const f = useFormat();
  const big = kind === "big";
  const state = late ? "stale" : machine.state;
  const [Icon, color] = LOOK[state];
  const word = t(`machines.state.${state}`);
  const age = machine.sample_age_seconds;
  return (
    <Box sx={{ display: "flex", alignItems: "center", gap: "0.6em", mb: big ? "0.5em" : "0.2em" }}>
      <Typography
        component="h2"
        noWrap
        sx={{ fontSize: big ? "1.5em" : "1.05em", fontWeight: 700, flexGrow: 1, lineHeight: 1.3 }}
      >
        {machine.name}
      </Typography>
      {big && !late && !isFresh(machine) && age !== null && (
        <Box component="span" sx={{ color: "text.secondary", whiteSpace: "nowrap" }}>
          {t("common.old", { age: f.duration(age) })}
        </Box>
      )}
      <Box component="span" sx={{ color, display: "flex", alignItems: "center", gap: "0.25em", whiteSpace: "nowrap" }}>
        <Icon sx={{ fontSize: "1.2em" }} titleAccess={big ? undefined : word} />
        {big ? <Counted machine={machine} state={state} word={word} /> : <Ratio machine={machine} state={state} />}
      </Box>
    </Box>
  );
}

type CountedProps = { machine: Machine; state: Machine["state"] };

/** "1 of 2 free" where a part is free, else the state's word. */
function Counted({ machine, state, word }: CountedProps & { word: string }) {
  const t = useWords();
  const some = state === "partly_free" && machine.gpus_total > 0 && machine.gpus_free !== null;
  return some ? t("wall.some", { free: machine.gpus_free ?? 0, all: machine.gpus_total }) : word;
}

/** "3 / 8" where it is known, in a tile without room for words. */
function Ratio({ machine, state }: CountedProps) {
  const t = useWords();
  const known = state !== "stale" && state !== "unreachable" && machine.gpus_free !== null && machine.gpus_total > 0;
  return known && t("wall.ratio", { free: machine.gpus_free ?? 0, all: machine.gpus_total });
}

type GpusProps = Pick<Props, "machine" | "across" | "late" | "minute">;

function BigGpus({ machine, across, late, minute }: GpusProps) {
  if (machine.gpus.length === 0) return <NoGpus machine={machine} />;
  return (
    <Box
      component="ul"
      sx={{
        m: 0,
        p: 0,
        listStyle: "none",
        display: "grid",
        height: "100%",
        gap: "0.5em",
        gridTemplateColumns: `repeat(${across}, minmax(0, 1fr))`,
        gridAutoRows: "minmax(0, 9em)",
      }}
    >
      {machine.gpus.map((gpu) => (
        <GpuCell key={gpu.uuid} gpu={gpu} word={wordOf(gpu, machine, late)} minute={minute} />
      ))}
    </Box>
  );
}

/** A machine that has no GPUs, or whose GPUs nobody tells: its processor and who works there. */
function NoGpus({ machine }: { machine: Machine }) {
  const t = useWords();
  const f = useFormat();
  const people = [...new Set(machine.containers.map((each) => unaddressed(spelled(each.owner))))];
  return (
    <Glow load={machine.cpu_ratio} sx={{ p: "0.5em 0.7em" }}>
      <Box sx={{ color: "text.secondary", fontSize: "0.85em" }}>
        {machine.gpu_driver === "none" ? t("wall.noGpu") : t("wall.gpusUnknown")} ·{" "}
        {t("wall.cpu", { share: machine.cpu_ratio === null ? t("common.dash") : f.percent(machine.cpu_ratio) })}
      </Box>
      <Box sx={{ display: "flex", flexWrap: "wrap", columnGap: "0.8em", fontSize: "1.3em", fontWeight: 700 }}>
        {people.map((name) => (
          <span key={name}>{name}</span>
        ))}
      </Box>
    </Glow>
  );
}

/** One square for each GPU: its sign says free or not, its glow how busy. */
function DenseGpus({ machine, across, late }: GpusProps) {
  const t = useWords();
  return (
    <Box
      component="ul"
      sx={{
        m: 0,
        p: 0,
        listStyle: "none",
        display: "grid",
        gap: "0.25em",
        gridTemplateColumns: `repeat(${across}, minmax(0, 1fr))`,
      }}
    >
      {machine.gpus.map((gpu) => {
        const word = wordOf(gpu, machine, late);
        const [Icon, color] = GPU_LOOK[word];
        return (
          <Glow
            key={gpu.uuid}
            component="li"
            plain
            load={gpu.utilization_ratio}
            sx={{
              height: "1.3em",
              display: "grid",
              placeItems: "center",
              color,
              borderRadius: "0.25em",
            }}
          >
            <Icon
              sx={{ fontSize: "0.95em" }}
              titleAccess={`${t("wall.gpu", { index: gpu.index ?? "?" })}: ${t(`wall.gpu.${word}`)}`}
            />
          </Glow>
        );
      })}
    </Box>
  );
}
