import type { Schemas } from "../../api/client";

export type Overview = Schemas["Machines"];
export type Machine = Schemas["Machine"];
export type Gpu = Schemas["Gpu"];
export type GpuWord = "free" | "held" | "foreign" | "off" | "lost" | "unknown";

/** Whether what is known of a machine is of now. */
export const isFresh = (machine: Machine) => machine.state !== "stale" && machine.state !== "unreachable";

/** One word for a GPU; it is never called free where that is not sure, or not known any more (`late`). */
export function wordOf(gpu: Gpu, machine: Machine, late: boolean): GpuWord {
  if (gpu.up === false) return "lost";
  if (gpu.holder !== null) return "held";
  if (gpu.foreign_use) return "foreign";
  if (late || !isFresh(machine) || !machine.holders_known) return "unknown";
  return gpu.quarantine !== null || gpu.disabled !== null || machine.state === "closed" ? "off" : "free";
}

/** GPUs that are free, all of them, and those of which nobody knows; null free: nothing is known. */
export type Count = { free: number | null; all: number; unknown: number };

const sum = (machines: readonly Machine[], of: (machine: Machine) => number) =>
  machines.reduce((total, machine) => total + of(machine), 0);

export function countOf(machines: readonly Machine[], late: boolean): Count {
  const known = late ? [] : machines.filter((machine) => isFresh(machine) && machine.gpus_free !== null);
  const all = sum(machines, (machine) => machine.gpus_total);
  const free = sum(known, (machine) => machine.gpus_free ?? 0);
  return {
    free: known.length === 0 ? null : free,
    all,
    unknown: all - sum(known, (machine) => machine.gpus_total),
  };
}

/** A user name for a room: never an address, which holds an @. */
export const unaddressed = (shown: string) => shown.split("@")[0] || shown;

const byName = new Intl.Collator("en", { numeric: true });

/** Each machine always at the same place. */
export const inOrder = (machines: readonly Machine[]) =>
  [...machines].sort((one, other) => byName.compare(one.name, other.name));
