import Tooltip from "@mui/material/Tooltip";
import { useAtTime } from "../../api/clock";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";

/** "since 3 h 12 m", with the exact time on hover. */
export function Since({ at }: { at: string }) {
  const t = useWords();
  const f = useFormat();
  const started = Date.parse(at);
  const time = useAtTime((now) => f.duration((now - started) / 1000));
  return (
    <Tooltip title={f.moment(at, true)}>
      <time dateTime={at}>{t("common.since", { time })}</time>
    </Tooltip>
  );
}
