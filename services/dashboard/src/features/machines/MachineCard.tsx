import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Card from "@mui/material/Card";
import CardContent from "@mui/material/CardContent";
import Chip from "@mui/material/Chip";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { Ago } from "../../components/Ago";
import { amounts, bytes, duration, percent, share, spelled } from "../../components/format";
import { AwayIcon, CheckIcon, ClockIcon, FullIcon, HalfIcon } from "../../components/icons";
import { Meter } from "../../components/Meter";
import { machineWords, messages } from "../../messages";
import { GpuTile } from "./GpuTile";
import type { Machine } from "./queries";

const LOOK = {
  free: [CheckIcon, "success"],
  partly_free: [HalfIcon, "success"],
  full: [FullIcon, "warning"],
  closed: [FullIcon, "warning"],
  stale: [ClockIcon, "default"],
  unreachable: [AwayIcon, "error"],
} as const;

function word(machine: Machine): string {
  const counted = machine.state === "partly_free" && machine.gpus_total > 0 && machine.gpus_free !== null;
  return machineWords[machine.state] + (counted ? ` (${machine.gpus_free} of ${machine.gpus_total})` : "");
}

const rate = (value: number | null) => (value === null ? messages.dash : `${bytes(value)}/s`);

type Props = { machine: Machine; onStart: ((machine: string) => void) | null };

/** One machine: how free, how busy, and who works there. */
export function MachineCard({ machine, onStart }: Props) {
  const [Icon, color] = LOOK[machine.state];
  const old = machine.state === "stale" || machine.state === "unreachable";
  const startable = machine.state === "free" || machine.state === "partly_free";
  return (
    <Card variant="outlined" component="article" aria-label={machine.name} sx={{ height: "100%" }}>
      <CardContent>
        <Box sx={{ display: "flex", gap: 1, alignItems: "center", mb: 1.5 }}>
          <Typography variant="h6" component="h3" noWrap title={machine.name} sx={{ flexGrow: 1 }}>
            {machine.name}
          </Typography>
          {old && machine.sample_age_seconds !== null && (
            <Typography variant="caption">{messages.old(duration(machine.sample_age_seconds))}</Typography>
          )}
          <Chip size="small" variant="outlined" color={color} icon={<Icon />} label={word(machine)} />
        </Box>
        {machine.closed && (
          <Typography variant="body2" sx={{ mb: 1.5, overflowWrap: "anywhere" }}>
            {messages.closed(machine.closed)}
          </Typography>
        )}
        <Box
          sx={{
            display: "grid",
            gridTemplateColumns: "repeat(auto-fit, minmax(min(145px, 100%), 1fr))",
            columnGap: 2,
            rowGap: 1,
            opacity: old ? 0.65 : 1,
          }}
        >
          <Meter
            label={messages.cpu}
            ratio={machine.cpu_ratio}
            text={machine.cpu_ratio === null ? null : `${percent(machine.cpu_ratio)} of ${machine.cpus ?? "?"}`}
          />
          <Meter
            label={messages.memory}
            ratio={share(machine.memory_used_bytes, machine.memory_total_bytes)}
            text={amounts(machine.memory_used_bytes, machine.memory_total_bytes)}
          />
          <Meter
            label={messages.disk}
            ratio={share(machine.disk_used_bytes, machine.disk_total_bytes)}
            text={amounts(machine.disk_used_bytes, machine.disk_total_bytes)}
          />
          <Fact label={messages.temperature}>
            {machine.temperature_celsius === null ? messages.dash : `${Math.round(machine.temperature_celsius)} °C`}
          </Fact>
          <Box sx={{ gridColumn: "1 / -1" }}>
            <Fact label={messages.network}>
              ↓ {rate(machine.network_receive_bytes_per_second)} ↑ {rate(machine.network_transmit_bytes_per_second)}
            </Fact>
          </Box>
        </Box>
        <Gpus machine={machine} />
        <Box sx={{ display: "flex", alignItems: "end", gap: 1, mt: 1.5 }}>
          <People machine={machine} />
          {onStart && startable && (
            <Button size="small" onClick={() => onStart(machine.name)} sx={{ whiteSpace: "nowrap" }}>
              {messages.startHere}
            </Button>
          )}
        </Box>
      </CardContent>
    </Card>
  );
}

function Fact({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <Box sx={{ display: "flex", justifyContent: "space-between", gap: 1 }}>
      <Typography variant="body2" color="textSecondary">
        {label}
      </Typography>
      <Typography variant="body2" noWrap sx={{ fontVariantNumeric: "tabular-nums" }}>
        {children}
      </Typography>
    </Box>
  );
}

function gpuNote(machine: Machine): string | null {
  if (machine.gpu_driver !== "unknown") return machine.gpus.length === 0 ? messages.noGpu : null;
  const early = machine.state === "stale" && machine.sample_age_seconds === null;
  return early ? messages.noNumbers : messages.gpuSilent;
}

function Gpus({ machine }: { machine: Machine }) {
  const note = gpuNote(machine);
  return (
    <>
      {note && (
        <Typography variant="body2" color="textSecondary" sx={{ mt: 1.5 }}>
          {note}
        </Typography>
      )}
      {machine.gpus.length > 0 && (
        <Box
          sx={{
            display: "grid",
            gap: 1,
            mt: 1.5,
            gridTemplateColumns: "repeat(auto-fit, minmax(min(150px, 100%), 1fr))",
          }}
        >
          {machine.gpus.map((gpu) => (
            <GpuTile key={gpu.uuid} gpu={gpu} holdersKnown={machine.holders_known} />
          ))}
        </Box>
      )}
    </>
  );
}

function People({ machine }: { machine: Machine }) {
  const nobody = machine.holders_known ? messages.nobody : messages.unknown;
  return (
    <Stack component="ul" aria-label={messages.people} sx={{ m: 0, p: 0, listStyle: "none", flexGrow: 1, minWidth: 0 }}>
      {machine.containers.map((each) => (
        <Typography component="li" variant="body2" key={each.id} noWrap>
          <strong>{spelled(each.owner)}</strong>
          {each.since && (
            <>
              {" "}
              {messages.since} <Ago at={each.since} />
            </>
          )}
        </Typography>
      ))}
      {machine.containers.length === 0 && (
        <Typography component="li" variant="body2" color="textSecondary">
          {nobody}
        </Typography>
      )}
    </Stack>
  );
}
