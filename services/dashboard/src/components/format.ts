const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** "9.0 GiB"; three digits at most. */
export function bytes(value: number): string {
  let unit = 0;
  let rest = value;
  while (rest >= 1024 && unit < UNITS.length - 1) {
    rest /= 1024;
    unit += 1;
  }
  return `${rest >= 100 || unit === 0 ? Math.round(rest) : rest.toFixed(1)} ${UNITS[unit]}`;
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
