import Button from "@mui/material/Button";
import Card from "@mui/material/Card";
import { styled } from "@mui/material/styles";
import Typography from "@mui/material/Typography";
import { memo } from "react";
import { spelled } from "../../components/format";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";
import { isOld, startable } from "./aging";
import { GpuTile } from "./GpuTile";
import { LastHour } from "./LastHour";
import { MachineFacts } from "./MachineFacts";
import type { Machine } from "./queries";
import { Since } from "./Since";
import { StateChip } from "./StateChip";

const Frame = styled(Card)({
  height: "100%",
  padding: 16,
  display: "flex",
  flexDirection: "column",
  gap: 12,
  contain: "layout style",
  // Old values lose their color, not their contrast.
  "&[data-old] .values": { filter: "grayscale(1)" },
}) as typeof Card;
const Head = styled("div")({ display: "flex", gap: 8, alignItems: "center", minHeight: 32 });
const Values = styled("div")({ display: "flex", flexDirection: "column", gap: 12 });
const Tiles = styled("ul")({
  display: "grid",
  gap: 8,
  margin: 0,
  padding: 0,
  listStyle: "none",
  gridTemplateColumns: "repeat(auto-fill, minmax(min(152px, 100%), 1fr))",
});
const Foot = styled("div")({ display: "flex", alignItems: "end", gap: 8, marginTop: "auto" });
const PeopleList = styled("ul")(({ theme }) => ({
  ...theme.typography.body2,
  display: "flex",
  flexWrap: "wrap",
  columnGap: 16,
  flexGrow: 1,
  minWidth: 0,
  margin: 0,
  padding: 0,
  listStyle: "none",
  "& > li": { overflowWrap: "anywhere" },
}));
const Muted = styled("span")(({ theme }) => ({ color: theme.vars?.palette.text.secondary }));

type Props = { machine: Machine; me: string | null; onStart: ((machine: string) => void) | null };

/** One machine: how free, how busy, and who works there. */
export const MachineCard = memo(function MachineCard({ machine, me, onStart }: Props) {
  const t = useWords();
  const f = useFormat();
  const old = isOld(machine);
  return (
    <Frame variant="outlined" component="article" aria-label={machine.name} data-old={old || undefined}>
      <Head>
        <Typography variant="h6" component="h3" noWrap title={machine.name} sx={{ flexGrow: 1 }}>
          {machine.name}
        </Typography>
        {old && machine.sample_age_seconds !== null && (
          <Typography variant="caption" sx={{ flex: "none" }}>
            {t("common.old", { age: f.duration(machine.sample_age_seconds) })}
          </Typography>
        )}
        <StateChip machine={machine} />
      </Head>
      {machine.closed && (
        <Typography variant="body2" sx={{ overflowWrap: "anywhere" }}>
          {t("machines.closed", { why: machine.closed })}
        </Typography>
      )}
      <Values className="values">
        <MachineFacts machine={machine} />
        <LastHour machine={machine.name} gpus={machine.gpus.length > 0} />
        <Gpus machine={machine} me={me} />
      </Values>
      <Foot>
        <People machine={machine} me={me} />
        {onStart && startable(machine) && (
          <Button
            size="small"
            variant="outlined"
            onClick={() => onStart(machine.name)}
            sx={{ flex: "none", "@media (pointer: coarse)": { minHeight: 44 } }}
          >
            {t("machines.startHere")}
          </Button>
        )}
      </Foot>
    </Frame>
  );
});

function gpuNote(machine: Machine) {
  if (machine.gpu_driver !== "unknown") return machine.gpus.length === 0 ? "machines.gpuNone" : null;
  const early = machine.state === "stale" && machine.sample_age_seconds === null;
  return early ? "machines.noNumbers" : "machines.gpuSilent";
}

function Gpus({ machine, me }: { machine: Machine; me: string | null }) {
  const t = useWords();
  const note = gpuNote(machine);
  return (
    <>
      {note && (
        <Typography variant="body2" color="textSecondary">
          {t(note)}
        </Typography>
      )}
      {machine.gpus.length > 0 && (
        <Tiles aria-label={t("machines.gpusOf", { machine: machine.name })}>
          {machine.gpus.map((gpu) => (
            <GpuTile key={gpu.uuid} gpu={gpu} machine={machine} me={me} />
          ))}
        </Tiles>
      )}
    </>
  );
}

function People({ machine, me }: { machine: Machine; me: string | null }) {
  const t = useWords();
  return (
    <PeopleList aria-label={t("machines.people")}>
      {machine.containers.map(({ id, owner, since }) => (
        <li key={id}>
          <strong>{owner === me ? t("machines.you", { name: spelled(owner) }) : spelled(owner)}</strong>{" "}
          {since && <Since at={since} />}
        </li>
      ))}
      {machine.containers.length === 0 && (
        <Muted as="li">{t(machine.holders_known ? "machines.nobody" : "common.unknown")}</Muted>
      )}
    </PeopleList>
  );
}
