import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import { Ago } from "../../components/Ago";
import { bytes, percent, spelled } from "../../components/format";
import { Meter } from "../../components/Meter";
import { messages } from "../../messages";
import type { Gpu } from "./queries";

function share(part: number | null, whole: number | null): number | null {
  return part === null || whole === null || whole === 0 ? null : part / whole;
}

/** One GPU: how busy, how full, how warm, and who holds it. */
export function GpuTile({ gpu, holdersKnown }: { gpu: Gpu; holdersKnown: boolean }) {
  const memory = share(gpu.memory_used_bytes, gpu.memory_total_bytes);
  const amounts =
    gpu.memory_used_bytes === null || gpu.memory_total_bytes === null
      ? null
      : `${bytes(gpu.memory_used_bytes)} of ${bytes(gpu.memory_total_bytes)}`;
  return (
    <Box sx={{ border: 1, borderColor: "divider", borderRadius: 1, p: 1.25, minWidth: 0 }}>
      <Box sx={{ display: "flex", justifyContent: "space-between", gap: 1 }}>
        <Typography variant="body2" noWrap title={gpu.model}>
          <strong>GPU {gpu.index ?? "?"}</strong> {gpu.model.replace("NVIDIA ", "").replace("GeForce ", "")}
        </Typography>
        <Typography variant="body2" sx={{ fontVariantNumeric: "tabular-nums", whiteSpace: "nowrap" }}>
          {gpu.temperature_celsius === null ? messages.dash : `${Math.round(gpu.temperature_celsius)} °C`}
        </Typography>
      </Box>
      <Meter
        label={messages.usage}
        ratio={gpu.utilization_ratio}
        text={gpu.utilization_ratio === null ? null : percent(gpu.utilization_ratio)}
      />
      <Meter label={messages.memory} ratio={memory} text={amounts} />
      <Typography variant="body2" noWrap sx={{ mt: 0.5 }}>
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
          <span>{holdersKnown ? messages.free : messages.unknown}</span>
        )}
      </Typography>
    </Box>
  );
}
