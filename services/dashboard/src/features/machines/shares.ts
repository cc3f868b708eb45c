import { spelled } from "../../components/format";
import type { Translate } from "../../words/Words";
import type { Gpu } from "./queries";

/** A part of a GPU's memory and whose it is; null owner: nobody's; null bytes: nobody told how much. */
export type Share = { key: string; owner: string | null; who: string; bytes: number | null; hint: string | undefined };

type Unmanaged = Gpu["unmanaged"][number];

function sum(parts: (number | null)[]): number | null {
  return parts.includes(null) ? null : parts.reduce<number>((all, part) => all + (part ?? 0), 0);
}

function named(each: Unmanaged, t: Translate): string {
  if (each.pid === null) return t("machines.unknownContainer");
  const process = { user: each.user ?? "?", pid: String(each.pid) };
  if (each.engine_id === null) return t("machines.unmanagedProcess", process);
  return t("machines.unmanagedIn", { ...process, container: each.engine_id.slice(0, 12) });
}

/** Whose the memory of a GPU is: people first, then what is nobody's. A rest that is known to be nothing is left out. */
export function shares(gpu: Gpu, t: Translate): Share[] {
  if (!gpu.users_known) return [];
  const people = gpu.users.map((user) => ({
    key: user.container_id,
    owner: user.owner,
    who: spelled(user.owner),
    bytes: user.memory_used_bytes,
    hint: user.container_id,
  }));
  const nobodys = (key: "unmanaged" | "otherMemory" | "unattributed", bytes: number | null, hint?: string) => ({
    key,
    owner: null,
    who: t(`machines.${key}`),
    bytes,
    hint,
  });
  const foreign = gpu.unmanaged.map((each) => named(each, t)).join("; ");
  const unmanaged = nobodys("unmanaged", sum(gpu.unmanaged.map((each) => each.memory_used_bytes)), foreign);
  const rest = [nobodys("otherMemory", gpu.memory_other_bytes), nobodys("unattributed", gpu.memory_unattributed_bytes)];
  return [...people, ...(gpu.unmanaged.length > 0 ? [unmanaged] : []), ...rest.filter((each) => each.bytes !== 0)];
}
