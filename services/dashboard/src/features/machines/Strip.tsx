import Typography from "@mui/material/Typography";
import { useMachines } from "../../api/queries";
import { messages } from "../../messages";

/** "3 free GPUs of 6 · you use 1": the answer to the first question. */
export function Strip({ user }: { user: string }) {
  const { overview: data } = useMachines();
  if (!data) return null;
  const reachable = data.machines.filter((machine) => machine.state !== "unreachable");
  const all = data.machines.reduce((sum, machine) => sum + machine.gpus_total, 0);
  const known = data.machines.every((machine) => machine.gpus_free !== null);
  const free = reachable.reduce((sum, machine) => sum + (machine.gpus_free ?? 0), 0);
  const used = data.machines.flatMap((machine) => machine.gpus).filter((gpu) => gpu.holder?.owner === user).length;
  const parts =
    all === 0
      ? [messages.noGpus, messages.machineCount(data.machines.length)]
      : [known ? messages.freeGpus(free, all) : messages.freeUnknown(all), messages.youUse(used)];
  return (
    <Typography component="p" sx={{ fontVariantNumeric: "tabular-nums" }}>
      {parts.join(" · ")}
    </Typography>
  );
}
