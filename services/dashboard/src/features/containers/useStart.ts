import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { containersQuery, newKey, startMutation, type Wish } from "./queries";
import { openNotebook } from "./tabs";

/** Starting one's container: `go` is one press, `repeat` asks once more for the same press. */
export type Start = {
  go: (wish: Wish, predicted?: number | null) => void;
  repeat: () => void;
  pending: boolean;
  /** How often the answer was lost and is asked for again. */
  repeats: number;
  error: Error | null;
  /** Where the notebook is that the browser let not open; null: nothing is in the way. */
  blocked: string | null;
};

/** Start, and go to the notebook once it is ready: whoever pressed Start on this page wanted to get into it. */
export function useStart(): Start {
  const start = useMutation(startMutation(useQueryClient()));
  const containers = useQuery(containersQuery());
  const [blocked, setBlocked] = useState<string | null>(null);
  const opened = useRef<unknown>(null);
  const started = start.data;
  const now = containers.data?.find((each) => each.id === started?.id);

  useEffect(() => {
    if (started === undefined || opened.current === started) return;
    if (now?.state !== "ready" || now.requested_at !== started.requested_at) return;
    opened.current = started;
    setBlocked(openNotebook(now.url) ? null : now.url);
  }, [now, started]);

  return {
    go: (wish, predicted = null) => {
      setBlocked(null);
      start.mutate({ wish, key: newKey(), predicted });
    },
    repeat: () => start.variables && start.mutate(start.variables),
    pending: start.isPending,
    repeats: start.isPending ? start.failureCount : 0,
    error: start.error,
    blocked: now?.state === "ready" ? blocked : null,
  };
}
