import { useEffect, useRef, useState } from "react";
import { asBefore } from "./choosing";
import type { Machine } from "./queries";

/** Keep machines where they are while a pointer or the focus is among them: nobody starts on a card that just moved there. */
export function useSteady(machines: readonly Machine[]) {
  const [held, setHeld] = useState({ pointer: false, focus: false });
  const before = useRef<string[]>([]);
  const shown = held.pointer || held.focus ? asBefore(machines, before.current) : machines;
  useEffect(() => {
    before.current = shown.map((machine) => machine.name);
  }, [shown]);
  const hold = {
    onPointerEnter: () => setHeld((now) => ({ ...now, pointer: true })),
    onPointerLeave: () => setHeld((now) => ({ ...now, pointer: false })),
    onFocus: () => setHeld((now) => ({ ...now, focus: true })),
    onBlur: () => setHeld((now) => ({ ...now, focus: false })),
  };
  return [shown, hold] as const;
}
