import { useCallback, useSyncExternalStore } from "react";

/** Wall and steady clock differ by so much within one reading only where the machine slept or its clock was set. */
const JUMP_MS = 1_500;
/** A `Date` header says whole seconds. */
const DATE_MS = 1_000;
/** A correction of the clock that people would see. */
const SEEN_MS = 250;

let last = { steady: performance.now(), wall: Date.now() };
let slept = 0;

/** Milliseconds that only grow, whatever happens to this computer's clock; sleep counts, which `performance.now` may leave out. */
export function steadyNow(): number {
  const now = { steady: performance.now(), wall: Date.now() };
  const missed = now.wall - last.wall - (now.steady - last.steady);
  if (missed > JUMP_MS) slept += missed;
  last = now;
  return now.steady + slept;
}

type Window = { low: number; high: number };

/** The server's time, learnt from the `Date` of its answers: this computer's clock may be wrong. */
export class ServerClock {
  private offset: Window | null = null;
  private readonly watching = new Set<() => void>();

  constructor(
    private readonly steady: () => number = steadyNow,
    private readonly wall: () => number = () => Date.now(),
  ) {}

  /** Milliseconds since 1970; this computer's own until the first answer. */
  now(): number {
    return this.offset === null ? this.wall() : this.steady() + middle(this.offset);
  }

  /** Learn from an answer that was asked for at `sent` (steady); each one narrows down what the others leave open. */
  learn(date: string | null, sent: number): void {
    const at = Date.parse(date ?? "");
    if (Number.isNaN(at)) return;
    const before = this.now();
    const told = { low: at - this.steady(), high: at + DATE_MS - sent };
    this.offset = narrowed(this.offset, told);
    if (Math.abs(this.now() - before) > SEEN_MS) for (const tell of this.watching) tell();
  }

  /** Call `tell` after each correction that people would see; returns how to end that. */
  watch(tell: () => void): () => void {
    this.watching.add(tell);
    return () => this.watching.delete(tell);
  }

  forget(): void {
    this.offset = null;
  }
}

const middle = ({ low, high }: Window) => (low + high) / 2;

/** What both leave open; where they contradict each other a clock was set, and only the newest counts. */
function narrowed(known: Window | null, told: Window): Window {
  if (known === null) return told;
  const both = { low: Math.max(known.low, told.low), high: Math.min(known.high, told.high) };
  return both.low <= both.high ? both : told;
}

/** The clock of this page's server. */
export const clock = new ServerClock();

/** The server's time now, in milliseconds since 1970. */
export const serverNow = (): number => clock.now();

/** Ticks for everybody who shows time, on one timer; not while nobody looks, and at once when somebody looks again. */
class Ticker {
  private value = 0;
  private timer: ReturnType<typeof setInterval> | undefined;
  private unwatch: (() => void) | undefined;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly interval: number) {}

  readonly now = (): number => {
    if (this.timer === undefined && Math.abs(serverNow() - this.value) >= this.interval) this.value = serverNow();
    return this.value;
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    if (this.listeners.size === 1) this.start();
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.stop();
    };
  };

  private readonly tick = () => {
    this.value = serverNow();
    for (const listener of [...this.listeners]) listener();
  };

  private readonly look = () => {
    clearInterval(this.timer);
    this.timer = undefined;
    if (document.visibilityState === "hidden") return;
    this.tick();
    this.timer = setInterval(this.tick, this.interval);
  };

  private start() {
    document.addEventListener("visibilitychange", this.look);
    this.unwatch = clock.watch(this.tick);
    this.look();
  }

  private stop() {
    document.removeEventListener("visibilitychange", this.look);
    this.unwatch?.();
    clearInterval(this.timer);
    this.timer = undefined;
  }
}

const tickers = new Map<number, Ticker>();

function tickerOf(interval: number): Ticker {
  const known = tickers.get(interval);
  if (known !== undefined) return known;
  const made = new Ticker(interval);
  tickers.set(interval, made);
  return made;
}

/** What `select` makes of the server's time, looked at each `intervalMs`; renders only when that changes. */
export function useAtTime<T extends string | number | boolean | null>(
  select: (now: number) => T,
  intervalMs = 1_000,
): T {
  const ticker = tickerOf(intervalMs);
  return useSyncExternalStore(ticker.subscribe, () => select(ticker.now()));
}

/** The server's time in milliseconds since 1970, anew each `intervalMs`. */
export function useNow(intervalMs = 1_000): number {
  return useAtTime(
    useCallback((now: number) => now, []),
    intervalMs,
  );
}

/** Whole seconds since a moment of this computer's own clock, in milliseconds since 1970, as `Date.now` told it. */
export const useSecondsSince = (moment: number): number =>
  useAtTime(() => Math.max(0, Math.floor((Date.now() - moment) / 1000)));
