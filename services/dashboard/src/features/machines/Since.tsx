import { styled } from "@mui/material/styles";
import { useAtTime } from "../../api/clock";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";

const Time = styled("time")(({ theme }) => ({
  color: theme.vars?.palette.text.secondary,
  fontVariantNumeric: "tabular-nums",
  whiteSpace: "nowrap",
}));

/** "since 09:10 · 3 h 12 m", or "since 09:10" when `brief`; the exact time on hover. */
export function Since({ at, brief = false }: { at: string; brief?: boolean }) {
  const t = useWords();
  const f = useFormat();
  const text = useAtTime((now) =>
    brief
      ? t("machines.sinceBrief", { time: f.clock(at, now, true) })
      : t("machines.since", { time: f.clock(at, now), age: f.duration((now - Date.parse(at)) / 1000) }),
  );
  return (
    <Time dateTime={at} title={f.moment(at, true)}>
      {text}
    </Time>
  );
}
