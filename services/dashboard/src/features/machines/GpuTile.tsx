import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import { Ago } from "../../components/Ago";
import { amounts, percent, share, spelled } from "../../components/format";
import { Meter } from "../../components/Meter";
import { messages } from "../../messages";
import type { Gpu } from "./queries";

/** One GPU: how busy, how full, how warm, and who holds it. */
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
          <span>{!holdersKnown ? messages.unknown : gpu.foreign_use ? messages.foreign : messages.free}</span>
        )}
      </Typography>
    </Box>
  );
}
