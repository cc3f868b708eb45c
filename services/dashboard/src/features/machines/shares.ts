import { spelled } from "../../components/format";
import { messages } from "../../messages";
import type { Gpu } from "./queries";

/** A part of a GPU's memory and whose it is; null bytes: nobody told how much. */
export type Share = { key: string; who: string; bytes: number | null; person: boolean; hint: string | undefined };

type Unmanaged = Gpu["unmanaged"][number];

function sum(parts: (number | null)[]): number | null {
  return parts.includes(null) ? null : parts.reduce<number>((all, part) => all + (part ?? 0), 0);
}

function named(each: Unmanaged): string {
  if (each.pid === null) return messages.unknownContainer;
  const process = messages.unmanagedProcess(each.user ?? "?", each.pid);
  return each.engine_id === null ? process : `${process} (${messages.foreignContainer} ${each.engine_id.slice(0, 12)})`;
}

/** Whose the memory of a GPU is: people first, then what is nobody's. A rest that is known to be nothing is left out. */
export function shares(gpu: Gpu): Share[] {
  const people = gpu.users.map((user) => ({
    key: user.container_id,
    who: spelled(user.owner),
    bytes: user.memory_used_bytes,
    person: true,
    hint: user.container_id,
  }));
  const rest = [
    {
      key: messages.unmanaged,
      bytes: sum(gpu.unmanaged.map((each) => each.memory_used_bytes)),
      hint: gpu.unmanaged.map(named).join("; "),
      shown: gpu.unmanaged.length > 0,
    },
    { key: messages.otherMemory, bytes: gpu.memory_other_bytes, hint: undefined, shown: gpu.memory_other_bytes !== 0 },
    {
      key: messages.unattributed,
      bytes: gpu.memory_unattributed_bytes,
      hint: undefined,
      shown: gpu.memory_unattributed_bytes !== 0,
    },
  ];
  const others = rest
    .filter((each) => each.shown)
    .map(({ key, bytes, hint }) => ({ key, who: key, bytes, person: false, hint }));
  return gpu.users_known ? [...people, ...others] : [];
}
