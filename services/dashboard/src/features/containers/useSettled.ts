import { useEffect, useState } from "react";
import type { Wish } from "./queries";

/** The wish once it has not changed for `wait` milliseconds. */
export function useSettled({ machine, image, gpus }: Wish, wait = 200): Wish {
  const [settled, setSettled] = useState({ machine, image, gpus });
  useEffect(() => {
    const timer = setTimeout(
      () =>
        setSettled((last) =>
          last.machine === machine && last.image === image && last.gpus === gpus ? last : { machine, image, gpus },
        ),
      wait,
    );
    return () => clearTimeout(timer);
  }, [machine, image, gpus, wait]);
  return settled;
}
