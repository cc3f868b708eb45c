import { type RefCallback, useCallback, useEffect, useState } from "react";
import type { Box } from "./fit";

const PAGE_MILLISECONDS = 12_000;

/** How much room an element has; null until it is there. */
export function useRoom(): [Box | null, RefCallback<HTMLElement>] {
  const [room, setRoom] = useState<Box | null>(null);
  const measure = useCallback((element: HTMLElement | null) => {
    if (element === null) return;
    const tell = () => setRoom({ width: element.clientWidth, height: element.clientHeight });
    tell();
    if (!("ResizeObserver" in window)) return;
    const observer = new ResizeObserver(tell);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [room, measure];
}

const STEPS: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1 };

/** Which of `count` pages is shown: the next one every twelve seconds; arrows turn pages, the space bar holds one. */
export function usePage(count: number): number {
  const [page, setPage] = useState(0);
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (count < 2 || held) return;
    const timer = setInterval(() => setPage((now) => (now + 1) % count), PAGE_MILLISECONDS);
    return () => clearInterval(timer);
  }, [count, held]);
  useEffect(() => {
    const turn = (event: KeyboardEvent) => {
      const step = STEPS[event.key];
      if (step) setPage((now) => (now + step + count) % count);
      if (event.key === " ") setHeld((now) => !now);
    };
    window.addEventListener("keydown", turn);
    return () => window.removeEventListener("keydown", turn);
  }, [count]);
  return Math.min(page, count - 1);
}

/** Keep the screen on while the page is seen, where the browser can. */
export function useAwake(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | null = null;
    let over = false;
    const ask = async () => {
      if (over || document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
      lock = await navigator.wakeLock.request("screen").catch(() => null); // low battery: the screen may sleep
      if (over) await lock?.release();
    };
    void ask();
    document.addEventListener("visibilitychange", ask);
    return () => {
      over = true;
      document.removeEventListener("visibilitychange", ask);
      void lock?.release();
    };
  }, []);
}
