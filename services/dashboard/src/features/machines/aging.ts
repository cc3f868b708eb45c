import { useEffect, useState } from "react";
import type { Machine } from "./queries";

/** An answer that is older than some missed polls says nothing of now. */
const LATE_SECONDS = 10;

/** Seconds since `at` (milliseconds) in whole ones, once they are too many; else 0. */
export function useLateness(at: number): number {
  const [late, setLate] = useState(0);
  useEffect(() => {
    const look = () => {
      const seconds = Math.floor((Date.now() - at) / 1000);
      setLate(seconds < LATE_SECONDS ? 0 : seconds);
    };
    look();
    const timer = setInterval(look, 1_000);
    return () => clearInterval(timer);
  }, [at]);
  return late;
}

/** What may be said of machines `late` seconds after the answer: the old values, and that nobody knows what is free. */
export function asOfNow(machines: readonly Machine[], late: number): readonly Machine[] {
  if (late === 0) return machines;
  return machines.map((machine) => ({
    ...machine,
    state: machine.state === "unreachable" ? machine.state : "stale",
    sample_age_seconds: machine.sample_age_seconds === null ? null : machine.sample_age_seconds + late,
    gpus_free: null,
  }));
}

/** Whether a machine's values are of another time than now. */
export const isOld = (machine: Machine) => machine.state === "stale" || machine.state === "unreachable";

/** Whether a container could start there now. */
export const startable = (machine: Machine) => machine.state === "free" || machine.state === "partly_free";
