import { isOld } from "./aging";
import type { Gpu, Machine } from "./queries";

export type GpuState = "held" | "lost" | "unknown" | "notGiven" | "foreign" | "free";

/** What a GPU is to whoever looks for one; free only where everything that could say otherwise was told. */
export function gpuState(gpu: Gpu, machine: Machine): GpuState {
  if (gpu.holder) return "held";
  if (gpu.up === false) return "lost";
  if (isOld(machine) || !machine.holders_known || gpu.up === null) return "unknown";
  if (gpu.quarantine || gpu.disabled || machine.closed) return "notGiven";
  return gpu.foreign_use ? "foreign" : "free";
}

/** Shorter than the maker calls it. */
export const shortModel = (model: string) => model.replace("NVIDIA ", "").replace("GeForce ", "");
