import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import { Ago } from "../../components/Ago";
import { amounts, percent, share, spelled } from "../../components/format";
import { Meter } from "../../components/Meter";
import { messages } from "../../messages";
import { MemoryByPerson } from "./MemoryByPerson";
import type { Gpu } from "./queries";

function free(gpu: Gpu, holdersKnown: boolean): string {
  if (!holdersKnown) return messages.unknown;
  if (gpu.quarantine || gpu.disabled) return messages.notGiven;
  return gpu.foreign_use ? messages.foreign : messages.free;
}

/** One GPU: how busy, how full and with whose work, how warm, who holds it, and why nobody may. */
export function GpuTile({ gpu, holdersKnown }: { gpu: Gpu; holdersKnown: boolean }) {
  const use = gpu.utilization_ratio === null ? messages.dash : percent(gpu.utilization_ratio);
  const temperature = gpu.temperature_celsius === null ? messages.dash : `${Math.round(gpu.temperature_celsius)} °C`;
  return (
    <Box sx={{ border: 1, borderColor: "divider", borderRadius: 1, p: 1.25, minWidth: 0 }}>
      <Typography variant="body2" noWrap title={gpu.model}>
        <strong>GPU {gpu.index ?? "?"}</strong> {gpu.model.replace("NVIDIA ", "").replace("GeForce ", "")}
      </Typography>
      <Meter label={messages.usage} ratio={gpu.utilization_ratio} text={`${use} · ${temperature}`} />
      <Meter
        label={messages.memory}
        ratio={share(gpu.memory_used_bytes, gpu.memory_total_bytes)}
        text={amounts(gpu.memory_used_bytes, gpu.memory_total_bytes)}
      />
      <MemoryByPerson gpu={gpu} />
      <Typography variant="body2" sx={{ mt: 0.5, overflowWrap: "anywhere" }}>
        {gpu.up === false && `${messages.lost} · `}
        {gpu.holder ? (
          <>
            <strong>{spelled(gpu.holder.owner)}</strong>
            {gpu.holder.since && (
              <>
                {" "}
                {messages.since} <Ago at={gpu.holder.since} />
              </>
            )}
          </>
        ) : (
          <span>{free(gpu, holdersKnown)}</span>
        )}
      </Typography>
      {gpu.quarantine && <Why severity="error" title={messages.quarantined} text={gpu.quarantine} />}
      {gpu.disabled && <Why severity="warning" title={messages.disabled} text={gpu.disabled} />}
    </Box>
  );
}

type WhyProps = { severity: "error" | "warning"; title: string; text: string };

function Why({ severity, title, text }: WhyProps) {
  return (
    <Alert severity={severity} icon={false} sx={{ mt: 0.5, px: 1, py: 0, overflowWrap: "anywhere" }}>
      <strong>{title}:</strong> {text}
    </Alert>
  );
}
