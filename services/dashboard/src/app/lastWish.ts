import type { Schemas } from "../api/client";
import type { Wish } from "../features/containers/queries";

const KEY = "shiva.last-wish";

/** What was asked for last time, as far as it still makes sense; else one GPU where one is free, on any machine. */
export function lastWish(machines: readonly Schemas["Machine"][]): Wish {
  const free = machines.some((machine) => (machine.gpus_free ?? 0) > 0);
  const usual: Wish = { machine: null, image: null, gpus: free ? 1 : 0 };
  try {
    const kept: unknown = JSON.parse(window.localStorage.getItem(KEY) ?? "null");
    if (typeof kept !== "object" || kept === null || !("gpus" in kept) || typeof kept.gpus !== "number") return usual;
    const most = Math.max(0, ...machines.map((machine) => machine.gpus_total));
    return { ...usual, gpus: Math.min(kept.gpus, most) };
  } catch {
    return usual;
  }
}

/** Remember how many GPUs were asked for; the machine is chosen anew each day. */
export function keepWish(wish: Wish): void {
  try {
    window.localStorage.setItem(KEY, JSON.stringify({ gpus: wish.gpus }));
  } catch {
    // a browser that keeps nothing is no reason not to start
  }
}
