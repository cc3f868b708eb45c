import type { Schemas } from "../api/client";
import type { Wish } from "../features/containers/queries";

const KEY = "shiva.last-wish";

type Kept = { gpus: number | null; image: string | null };

function kept(): Kept {
  const nothing = { gpus: null, image: null };
  try {
    const told: unknown = JSON.parse(window.localStorage.getItem(KEY) ?? "null");
    if (typeof told !== "object" || told === null) return nothing;
    const { gpus, image } = told as { gpus?: unknown; image?: unknown };
    return {
      gpus: typeof gpus === "number" && gpus >= 0 ? Math.floor(gpus) : null,
      image: typeof image === "string" ? image : null,
    };
  } catch {
    return nothing;
  }
}

/**
 * What was asked for last time, as far as it still makes sense; else one GPU where one is free, the usual image, on any machine.
 * `images` undefined: not known yet, so the last image stands.
 */
export function lastWish(
  machines: readonly Schemas["Machine"][],
  images: readonly { name: string }[] | undefined = undefined,
): Wish {
  const last = kept();
  const free = machines.some((machine) => (machine.gpus_free ?? 0) > 0);
  const most = Math.max(0, ...machines.map((machine) => machine.gpus_total));
  const offered = images === undefined || images.some((image) => image.name === last.image);
  return {
    machine: null,
    image: offered ? last.image : null,
    gpus: last.gpus === null ? Number(free) : Math.min(last.gpus, most),
  };
}

/** Remember how many GPUs and which image were asked for; the machine is chosen anew each day. */
export function keepWish({ gpus, image }: Wish): void {
  try {
    window.localStorage.setItem(KEY, JSON.stringify({ gpus, image }));
  } catch {
    // a browser that keeps nothing is no reason not to start
  }
}
