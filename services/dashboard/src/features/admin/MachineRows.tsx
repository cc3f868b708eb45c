import Block from "@mui/icons-material/Block";
import Button from "@mui/material/Button";
import TableCell from "@mui/material/TableCell";
import TableRow from "@mui/material/TableRow";
import Typography from "@mui/material/Typography";
import type { Schemas } from "../../api/client";
import { spelled } from "../../components/format";
import { AwayIcon, CheckIcon, ClockIcon, FullIcon, HalfIcon, PersonIcon, WarnIcon } from "../../components/icons";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";
import { Sign } from "./Sign";

export type Machine = Schemas["Machine"];
export type Gpu = Schemas["Gpu"];

const MACHINE_LOOK = {
  free: [CheckIcon, "success"],
  partly_free: [HalfIcon, "success"],
  full: [FullIcon, "warning"],
  closed: [Block, "warning"],
  stale: [ClockIcon, "action"],
  unreachable: [AwayIcon, "error"],
} as const;

const GPU_LOOK = {
  disabled: [Block, "warning"],
  quarantined: [WarnIcon, "error"],
  lost: [AwayIcon, "error"],
  held: [PersonIcon, "action"],
  on: [CheckIcon, "success"],
} as const;

function wordOf(gpu: Gpu): keyof typeof GPU_LOOK {
  if (gpu.disabled !== null) return "disabled";
  if (gpu.quarantine !== null) return "quarantined";
  if (gpu.up === false) return "lost";
  return gpu.holder === null ? "on" : "held";
}

type MachineProps = { machine: Machine; onDrain: () => void; onOpen: () => void };

/** A machine and the way to keep new containers from it. */
export function MachineRow({ machine, onDrain, onOpen }: MachineProps) {
  const t = useWords();
  const f = useFormat();
  const closed = machine.closed !== null;
  const word = closed ? t("admin.machines.undrain") : t("admin.machines.drain");
  const [icon, color] = MACHINE_LOOK[machine.state];
  const old = machine.state === "stale" || machine.state === "unreachable";
  const age = old ? machine.sample_age_seconds : null;
  return (
    <TableRow sx={{ backgroundColor: "action.hover", "& > *": { fontWeight: 600 } }}>
      <TableCell component="th" scope="row" sx={{ overflowWrap: "anywhere", minWidth: 220 }}>
        {machine.name}
      </TableCell>
      <TableCell>
        <Sign
          icon={icon}
          color={color}
          word={t(`machines.state.${machine.state}`)}
          hint={age === null ? null : t("common.old", { age: f.duration(age) })}
        />
      </TableCell>
      <TableCell sx={{ overflowWrap: "anywhere" }}>{machine.closed}</TableCell>
      <TableCell>
        <Button
          size="small"
          aria-label={t("admin.named", { action: word, name: machine.name })}
          onClick={closed ? onOpen : onDrain}
        >
          {word}
        </Button>
      </TableCell>
    </TableRow>
  );
}

type GpuProps = { machine: Machine; gpu: Gpu; onOff: () => void; onOn: () => void };

/** A GPU and the way to give it to nobody. */
export function GpuRow({ machine, gpu, onOff, onOn }: GpuProps) {
  const t = useWords();
  const disabled = gpu.disabled !== null;
  const shown = t("admin.machines.gpu", { index: gpu.index ?? "?", machine: machine.name });
  const word = disabled ? t("admin.machines.on") : t("admin.machines.off");
  const state = wordOf(gpu);
  const [icon, color] = GPU_LOOK[state];
  return (
    <TableRow>
      <TableCell component="th" scope="row" sx={{ pl: 4, minWidth: 220 }}>
        {shown}
        <Typography variant="caption" component="div" color="textSecondary" sx={{ overflowWrap: "anywhere" }}>
          {gpu.model} · {gpu.uuid}
        </Typography>
      </TableCell>
      <TableCell>
        <Sign
          icon={icon}
          color={color}
          word={t(`admin.machines.gpu.${state}`)}
          hint={gpu.holder && t("admin.machines.heldBy", { owner: spelled(gpu.holder.owner) })}
        />
      </TableCell>
      <TableCell sx={{ minWidth: 160, overflowWrap: "anywhere" }}>{gpu.disabled ?? gpu.quarantine}</TableCell>
      <TableCell>
        <Button
          size="small"
          aria-label={t("admin.named", { action: word, name: shown })}
          onClick={disabled ? onOn : onOff}
        >
          {word}
        </Button>
      </TableCell>
    </TableRow>
  );
}
