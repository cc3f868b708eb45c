import { spelled } from "../../components/format";
import { type Format, useFormat } from "../../words/format";
import { type Translate, useWords } from "../../words/Words";
import { gpuState } from "./gpuState";
import type { Gpu, Machine } from "./queries";

function whose(gpu: Gpu, machine: Machine, t: Translate, f: Format, now: number): string {
  const state = gpuState(gpu, machine);
  if (state !== "held" || gpu.holder === null) return t(`machines.gpu.${state === "held" ? "unknown" : state}`);
  const name = spelled(gpu.holder.owner);
  if (gpu.holder.since === null) return t("machines.spoken.held", { name });
  return t("machines.spoken.heldSince", { name, time: f.clock(gpu.holder.since, now) });
}

/** A GPU in a sentence: "GPU 0 on gpu-02, NVIDIA GeForce GTX 1080, 87 percent, …, used by Yuki since 09:10". What nobody told is left out. */
export function useGpuSentence(): (gpu: Gpu, machine: Machine, now: number) => string {
  const t = useWords();
  const f = useFormat();
  return (gpu, machine, now) => {
    const memory = f.amounts(gpu.memory_used_bytes, gpu.memory_total_bytes);
    const use = gpu.utilization_ratio;
    const parts = [
      t("machines.spoken.gpu", { index: gpu.index ?? "?", machine: machine.name, model: gpu.model }),
      use === null ? null : t("machines.spoken.use", { percent: f.number(use * 100) }),
      gpu.temperature_celsius === null
        ? null
        : t("machines.spoken.temperature", { celsius: f.number(gpu.temperature_celsius) }),
      memory === null ? null : t("machines.spoken.memory", { amounts: memory }),
      whose(gpu, machine, t, f, now),
    ];
    return parts.filter((part) => part !== null).reduce((before, more) => t("machines.spoken.more", { before, more }));
  };
}
