/** From 0 to 1; null when either is not known. */
export function share(part: number | null, whole: number | null): number | null {
  return part === null || whole === null || whole === 0 ? null : part / whole;
}

/** A user name as people read it: `_hh` stands for a byte of UTF-8. */
export function spelled(user: string): string {
  try {
    return decodeURIComponent(user.replace(/%/g, "%25").replace(/_([0-9a-f]{2})/g, "%$1"));
  } catch {
    return user;
  }
}
