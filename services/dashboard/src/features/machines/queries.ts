import { queryOptions } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "../../api/client";

export type Machine = Schemas["Machine"];
export type Gpu = Schemas["Gpu"];
export type Overview = Schemas["Machines"];
export type MachineHistory = Schemas["MachineHistory"];
export type Curve = Schemas["Curve"];

const MINUTE = 60_000;
const MOST_ASKING = 2;

let asking = 0;
const waiting: (() => void)[] = [];

/** Two at a time: the manager makes few curves at once for everybody, and refuses the rest. */
async function inTurn<T>(ask: () => Promise<T>): Promise<T> {
  if (asking < MOST_ASKING) asking += 1;
  else await new Promise<void>((go) => waiting.push(go));
  try {
    return await ask();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else asking -= 1;
  }
}

/** What a machine did in the last hour; an answer is good for a minute. */
export const lastHourQuery = (machine: string) =>
  queryOptions({
    queryKey: ["machine-history", machine, "1h"],
    queryFn: ({ signal }) => {
      const params = { path: { machine }, query: { range: "1h" as const } };
      return inTurn(() => answerOf(api.GET("/api/v1/machines/{machine}/history", { params, signal })));
    },
    staleTime: MINUTE,
    refetchInterval: MINUTE,
  });
