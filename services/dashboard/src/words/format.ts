import { useMemo } from "react";
import { type Translate, useLanguage, useWords } from "./Words";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

const numbers = new Map<string, Intl.NumberFormat>();
const times = new Map<string, Intl.DateTimeFormat>();

/** Made once for each language and kind: making one takes longer than a hundred uses. */
function numberFormat(language: string, least: number, most: number, style?: "percent"): Intl.NumberFormat {
  const key = `${language} ${least} ${most} ${style}`;
  const made =
    numbers.get(key) ??
    new Intl.NumberFormat(language, { minimumFractionDigits: least, maximumFractionDigits: most, style });
  numbers.set(key, made);
  return made;
}

const TIME = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
const DAY = { month: "short", day: "numeric" } as const;

function timeFormat(language: string, style: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language} ${JSON.stringify(style)}`;
  const made = times.get(key) ?? new Intl.DateTimeFormat(language, style);
  times.set(key, made);
  return made;
}

/** Numbers, sizes and times as the person's language writes them. */
export class Format {
  constructor(
    readonly language: string,
    private readonly words: Translate,
  ) {}

  /** "1,024"; at most `digits` behind the point. */
  number(value: number, digits = 0): string {
    return numberFormat(this.language, 0, digits).format(value);
  }

  /** "31%", from a ratio. */
  percent(ratio: number): string {
    return numberFormat(this.language, 0, 0, "percent").format(ratio);
  }

  /** "9.0 GiB"; three digits at most. */
  bytes(value: number): string {
    const unit = unitOf(value);
    return `${this.scaled(value, unit)} ${UNITS[unit]}`;
  }

  /** "6.5 / 8.0 GiB", in the unit of the whole; null when either is not known. */
  amounts(part: number | null, whole: number | null): string | null {
    if (part === null || whole === null) return null;
    const unit = unitOf(whole);
    return `${this.scaled(part, unit)} / ${this.scaled(whole, unit)} ${UNITS[unit]}`;
  }

  /** "61 °C". */
  celsius(value: number): string {
    return `${this.number(value)} °C`;
  }

  /** "2.3 s" below a minute, then as `duration`. */
  seconds(value: number): string {
    const text = numberFormat(this.language, 1, 1);
    return value < 60 ? this.words("common.seconds", { seconds: text.format(value) }) : this.duration(value);
  }

  /** "3 h 12 m", "45 s". */
  duration(value: number): string {
    const whole = Math.max(0, Math.round(value));
    if (whole < 60) return this.words("common.seconds", { seconds: whole });
    const minutes = Math.floor(whole / 60);
    if (minutes < 60) return this.words("common.minutes", { minutes });
    const hours = Math.floor(minutes / 60);
    if (hours < 48) return this.words("common.hours", { hours, minutes: minutes % 60 });
    return this.words("common.days", { days: Math.floor(hours / 24), hours: hours % 24 });
  }

  /** A point in time in the person's zone: "29 Nov 2026, 14:02"; with the zone when `exact`. */
  moment(at: string, exact = false): string {
    const style = exact
      ? ({ dateStyle: "full", timeStyle: "long" } as const)
      : ({ dateStyle: "medium", timeStyle: "short" } as const);
    return timeFormat(this.language, style).format(new Date(at));
  }

  /** "09:10" on the day of `now` (milliseconds), else "Nov 28, 09:10", or "Nov 28" when `brief`. */
  clock(at: string, now: number, brief = false): string {
    const date = new Date(at);
    if (new Date(now).setHours(0, 0, 0, 0) <= date.getTime() && date.getTime() <= now)
      return timeFormat(this.language, TIME).format(date);
    return timeFormat(this.language, brief ? DAY : { ...DAY, ...TIME }).format(date);
  }

  private scaled(value: number, unit: number): string {
    const scaled = value / 1024 ** unit;
    const digits = scaled >= 100 || unit === 0 ? 0 : 1;
    return numberFormat(this.language, digits, digits).format(scaled);
  }
}

function unitOf(value: number): number {
  let unit = 0;
  while (value / 1024 ** unit >= 999.5 && unit < UNITS.length - 1) unit += 1;
  return unit;
}

/** How this person's language writes values. */
export function useFormat(): Format {
  const words = useWords();
  const language = useLanguage();
  return useMemo(() => new Format(language, words), [language, words]);
}
