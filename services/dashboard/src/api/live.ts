import type { QueryClient, QueryKey } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "./client";
import { steadyNow, useAtTime } from "./clock";

/** How long a poll may take: one that hangs would hold up all later ones. */
const POLL_MS = 5_000;
/** A machine's state is seen within 2 s: half of that is the manager's, which asks the broker each second. */
const EACH_MS = 1_000;
/** A thousand machines are a megabyte: they are asked for less often, and numbers are still younger than 5 s. */
const MANY = 200;
const MANY_EACH_MS = 2_000;

/** An overview that old says nothing any more about what is free. */
export const FRESH_SECONDS = 10;
/** A poll that is late by less is nobody's business. */
const LATE_SECONDS = 3;

type Machine = Schemas["Machine"];
type Source = Schemas["Machines"]["metrics"];
/** The machines, and when they were seen, as `steadyNow` counts. */
export type Overview = Schemas["Machines"] & { readonly born: number };

/** A signal for what is asked again and again: `signal`, or `ms` are over. */
export const soon = (signal: AbortSignal, ms = POLL_MS): AbortSignal =>
  AbortSignal.any([signal, AbortSignal.timeout(ms)]);

/** How old an answer was when it was sent, in whole seconds; what no header tells is new. */
export function ageOf(response: Response): number {
  const age = Number(response.headers.get("Age"));
  return Number.isFinite(age) && age > 0 ? age : 0;
}

/** The younger of two overviews: answers may come in another order than they were made. One too old to be true never wins. */
export function younger(known: Overview | undefined, told: Overview, now = steadyNow()): Overview {
  if (known === undefined || now - known.born > FRESH_SECONDS * 1000) return told;
  return Date.parse(told.as_of) < Date.parse(known.as_of) ? known : told;
}

const older = (seconds: number | null, by: number) => (seconds === null ? null : seconds + by);

const sourceAt = (source: Source, late: number): Source => ({
  ...source,
  age_seconds: older(source.age_seconds, late),
});

const UNSURE = { state: "stale", gpus_free: null, holders_known: false } as const;

/** A machine as it may be shown `late` seconds after the overview was made: free to nobody's knowledge once that is long ago. */
function machineAt(machine: Machine, late: number): Machine {
  const known = late > FRESH_SECONDS ? UNSURE : {};
  return { ...machine, ...known, sample_age_seconds: older(machine.sample_age_seconds, late) };
}

/** An overview as it may be shown `late` seconds after it was made: every age grows, and nothing old is called free. */
export function overviewAt<T extends Schemas["Machines"]>(overview: T, late: number): T {
  if (late <= 0) return overview;
  return {
    ...overview,
    metrics: sourceAt(overview.metrics, late),
    broker: sourceAt(overview.broker, late),
    machines: overview.machines.map((machine) => machineAt(machine, late)),
  };
}

/** Whole seconds since `born` (steady), growing without any answer; 0 while that is no longer than polls take. */
export const latenessOf = (born: number, now = steadyNow()): number => {
  const seconds = Math.floor((now - born) / 1000);
  return seconds < LATE_SECONDS ? 0 : seconds;
};

/** Ask for the machines; `known` stays where it is younger. */
export async function askMachines(known: Overview | undefined, signal: AbortSignal): Promise<Overview> {
  const sent = steadyNow();
  const call = api.GET("/api/v1/machines", { signal: soon(signal) });
  const told = await answerOf(call);
  // Counted from when it was asked for: an answer that was long under way is that old.
  return younger(known, { ...told, born: sent - ageOf((await call).response) * 1000 });
}

/** How long to wait until the machines are asked for again, in milliseconds. */
export const machinesPause = (known: Overview | undefined): number =>
  (known?.machines.length ?? 0) > MANY ? MANY_EACH_MS : EACH_MS;

/** `latenessOf` as it grows; nothing was ever born: 0. */
export function useLateness(born: number | undefined): number {
  return useAtTime(() => (born === undefined ? 0 : latenessOf(born)));
}

/** Put what a change answered in place of what is known; an answer to an older question, still under way, is given up. */
export async function putNow<T>(client: QueryClient, queryKey: QueryKey, update: (known: T | undefined) => T) {
  await client.cancelQueries({ queryKey, exact: true });
  client.setQueryData<T>(queryKey, update);
}
