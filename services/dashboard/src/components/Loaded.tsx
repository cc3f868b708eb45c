import Skeleton from "@mui/material/Skeleton";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useWords } from "../words/Words";
import { Problem } from "./Problem";

type Props<T> = { query: Pick<UseQueryResult<T>, "data" | "error" | "isPending">; children: (data: T) => ReactNode };

/** The three states of a view: loading, ready, error; what was known stays beside an error. */
export function Loaded<T>({ query, children }: Props<T>) {
  const t = useWords();
  return (
    <>
      {query.error && <Problem error={query.error} />}
      {query.data !== undefined && children(query.data)}
      {query.isPending && <Skeleton variant="rounded" height={96} role="status" aria-label={t("common.loading")} />}
    </>
  );
}
