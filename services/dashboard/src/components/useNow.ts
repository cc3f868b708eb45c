import { useSyncExternalStore } from "react";

const STEP = 10_000;
const watchers = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

const now = () => Math.floor(Date.now() / STEP) * STEP;

function watch(changed: () => void): () => void {
  watchers.add(changed);
  timer ??= setInterval(() => {
    for (const each of watchers) each();
  }, STEP);
  return () => {
    watchers.delete(changed);
    if (watchers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** Milliseconds since 1970, in steps of ten seconds; one timer for everything that shows how long ago something was. */
export const useNow = () => useSyncExternalStore(watch, now);
