import { useFormat } from "../words/format";
import { useWords } from "../words/Words";

/** A point in time in the person's zone and language; a dash when there is none. */
export function Moment({ at }: { at: string | null }) {
  const t = useWords();
  const f = useFormat();
  if (at === null) return t("common.dash");
  return (
    <time dateTime={at} style={{ whiteSpace: "nowrap" }} title={f.moment(at, true)}>
      {f.moment(at)}
    </time>
  );
}
