import { useMemo } from "react";
import { type Translate, useLanguage, useWords } from "./Words";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** Numbers, sizes and times as the person's language writes them. */
export class Format {
  constructor(
    readonly language: string,
    private readonly words: Translate,
  ) {}

  /** "1,024"; at most `digits` behind the point. */
  number(value: number, digits = 0): string {
    return new Intl.NumberFormat(this.language, { maximumFractionDigits: digits }).format(value);
  }

  /** "31%", from a ratio. */
  percent(ratio: number): string {
    return new Intl.NumberFormat(this.language, { style: "percent", maximumFractionDigits: 0 }).format(ratio);
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
    const text = new Intl.NumberFormat(this.language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
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
    return new Date(at).toLocaleString(this.language, style);
  }

  private scaled(value: number, unit: number): string {
    const scaled = value / 1024 ** unit;
    const digits = scaled >= 100 || unit === 0 ? 0 : 1;
    return new Intl.NumberFormat(this.language, {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }).format(scaled);
  }
}

function unitOf(value: number): number {
  let unit = 0;
  while (value / 1024 ** unit >= 1024 && unit < UNITS.length - 1) unit += 1;
  return unit;
}

/** How this person's language writes values. */
export function useFormat(): Format {
  const words = useWords();
  const language = useLanguage();
  return useMemo(() => new Format(language, words), [language, words]);
}
