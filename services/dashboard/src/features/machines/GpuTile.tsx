import Alert from "@mui/material/Alert";
import { styled } from "@mui/material/styles";
import { useNow } from "../../api/clock";
import { Fact } from "../../components/Fact";
import { spelled } from "../../components/format";
import { Hidden } from "../../components/Hidden";
import { Meter } from "../../components/Meter";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";
import { gpuState, shortModel } from "./gpuState";
import { useGpuSentence } from "./gpuWords";
import { GPU_LOOK } from "./looks";
import { MemoryBar, MemoryNames } from "./MemoryByPerson";
import type { Gpu, Machine } from "./queries";
import { Since } from "./Since";

// One styled element with rules for those inside: a page shows hundreds.
const Tile = styled("li")(({ theme }) => ({
  border: `1px solid ${theme.vars?.palette.divider}`,
  borderRadius: theme.shape.borderRadius,
  padding: 10,
  minWidth: 0,
  position: "relative",
  "& .title": {
    ...theme.typography.body2,
    color: theme.vars?.palette.text.secondary,
    overflow: "hidden",
    textOverflow: "ellipsis",
    whiteSpace: "nowrap",
  },
  "& .title > strong": { color: theme.vars?.palette.text.primary },
  "& .whose": { ...theme.typography.body2, display: "flex", gap: 4, marginBottom: 4, overflowWrap: "anywhere" },
  "& .whose > svg": { flex: "none", fontSize: 18, marginTop: 1 },
  "& .whom": { display: "flex", flexWrap: "wrap", flexGrow: 1, columnGap: 4, minWidth: 0 },
  "& .whom > strong": { flexGrow: 1, minWidth: 0, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" },
}));
const Note = styled(Alert)({ marginTop: 4, padding: "0 8px", overflowWrap: "anywhere" });

type Props = { gpu: Gpu; machine: Machine; me: string | null };

/** One GPU: who has it, how busy, how warm, how full and with whose work, and why nobody may have it. */
export function GpuTile({ gpu, machine, me }: Props) {
  const t = useWords();
  const f = useFormat();
  const now = useNow(10_000);
  const sentence = useGpuSentence();
  const use = gpu.utilization_ratio === null ? t("common.dash") : f.percent(gpu.utilization_ratio);
  const celsius = gpu.temperature_celsius === null ? t("common.dash") : f.celsius(gpu.temperature_celsius);
  const memory = f.amounts(gpu.memory_used_bytes, gpu.memory_total_bytes);
  return (
    <Tile>
      <Hidden>{sentence(gpu, machine, now)}</Hidden>
      <div aria-hidden>
        <div className="title" title={gpu.model}>
          <strong>{t("machines.gpu", { index: gpu.index ?? "?" })}</strong>{" "}
          <span translate="no">{shortModel(gpu.model)}</span>
        </div>
        <Whose gpu={gpu} machine={machine} me={me} />
        <Meter calm label={t("machines.use")} ratio={gpu.utilization_ratio} text={`${use} · ${celsius}`} />
        <Fact label={t("machines.memory")}>{memory ?? t("common.dash")}</Fact>
        <MemoryBar gpu={gpu} />
      </div>
      <MemoryNames gpu={gpu} me={me} />
      {gpu.holder && gpu.up === false && <Why severity="error" text={t("machines.gpu.lost")} />}
      {gpu.quarantine && (
        <Why severity="error" text={t("machines.because", { what: t("machines.quarantined"), why: gpu.quarantine })} />
      )}
      {gpu.disabled && (
        <Why severity="warning" text={t("machines.because", { what: t("machines.disabled"), why: gpu.disabled })} />
      )}
    </Tile>
  );
}

function Whose({ gpu, machine, me }: Props) {
  const t = useWords();
  const state = gpuState(gpu, machine);
  const [Icon, color] = GPU_LOOK[state];
  const icon = <Icon color={color === "default" ? "action" : color} />;
  if (state !== "held" || gpu.holder === null) {
    return (
      <div className="whose">
        {icon}
        <span>{t(`machines.gpu.${state === "held" ? "unknown" : state}`)}</span>
      </div>
    );
  }
  const { owner, since } = gpu.holder;
  const name = spelled(owner);
  return (
    <div className="whose">
      {icon}
      <span className="whom">
        <strong title={name}>{owner === me ? t("machines.me") : name}</strong>
        {since !== null && <Since at={since} brief />}
      </span>
    </div>
  );
}

function Why({ severity, text }: { severity: "error" | "warning"; text: string }) {
  return (
    <Note role="note" severity={severity} icon={false}>
      {text}
    </Note>
  );
}
