import type { Machine } from "./queries";

/** Whether a machine's values are of another time than now. */
export const isOld = (machine: Machine) => machine.state === "stale" || machine.state === "unreachable";

/** Whether a container could start there now. */
export const startable = (machine: Machine) => machine.state === "free" || machine.state === "partly_free";
