const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

function unitOf(value: number): number {
  let unit = 0;
  while (value / 1024 ** unit >= 1024 && unit < UNITS.length - 1) unit += 1;
  return unit;
}

function digits(value: number, unit: number): string {
  const scaled = value / 1024 ** unit;
  return scaled >= 100 || unit === 0 ? `${Math.round(scaled)}` : scaled.toFixed(1);
}

/** "9.0 GiB"; three digits at most. */
export function bytes(value: number): string {
  const unit = unitOf(value);
  return `${digits(value, unit)} ${UNITS[unit]}`;
}

/** "6.5 / 8.0 GiB", in the unit of the whole; null when either is not known. */
export function amounts(part: number | null, whole: number | null): string | null {
  if (part === null || whole === null) return null;
  const unit = unitOf(whole);
  return `${digits(part, unit)} / ${digits(whole, unit)} ${UNITS[unit]}`;
}

/** From 0 to 1; null when either is not known. */
export function share(part: number | null, whole: number | null): number | null {
  return part === null || whole === null || whole === 0 ? null : part / whole;
}

/** "2.3 s" below a minute, then as `duration`. */
export function seconds(value: number): string {
  return value < 60 ? `${value.toFixed(1)} s` : duration(value);
}

/** "3 h 12 m", "45 s". */
export function duration(value: number): string {
  const whole = Math.max(0, Math.round(value));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} m`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** "31 %". */
export function percent(ratio: number): string {
  return `${Math.round(ratio * 100)} %`;
}

/** A user name as people read it: `_hh` stands for a byte of UTF-8. */
export function spelled(user: string): string {
  try {
    return decodeURIComponent(user.replace(/%/g, "%25").replace(/_([0-9a-f]{2})/g, "%$1"));
  } catch {
    return user;
  }
}
