import type { Schemas } from "./client";

type Overview = Schemas["Machines"];

const older = (seconds: number | null, age: number) => (seconds === null ? null : seconds + age);

/** How old an answer is, in whole seconds; what no header tells is new. */
export function ageOf(response: Response): number {
  const age = Number(response.headers.get("Age"));
  return Number.isFinite(age) && age > 0 ? age : 0;
}

/** The overview with every age as of now: its body is made once for everybody, and may be some seconds old. */
export function aged(overview: Overview, age: number): Overview {
  if (age === 0) return overview;
  return {
    ...overview,
    metrics: { ...overview.metrics, age_seconds: older(overview.metrics.age_seconds, age) },
    broker: { ...overview.broker, age_seconds: older(overview.broker.age_seconds, age) },
    machines: overview.machines.map((machine) => ({
      ...machine,
      sample_age_seconds: older(machine.sample_age_seconds, age),
    })),
  };
}
