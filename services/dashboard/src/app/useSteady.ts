import { useCallback, useLayoutEffect, useRef } from "react";

/** `act` as one function that stays the same, so that whoever is given it is not drawn anew each time. */
export function useSteady<Argument>(act: (argument: Argument) => void): (argument: Argument) => void {
  const latest = useRef(act);
  useLayoutEffect(() => {
    latest.current = act;
  });
  return useCallback((argument: Argument) => latest.current(argument), []);
}
