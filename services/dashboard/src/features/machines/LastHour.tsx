import { styled } from "@mui/material/styles";
import { useQuery } from "@tanstack/react-query";
import { Sparkline } from "../../components/Sparkline";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";
import { meanCurve, summary } from "./curves";
import { type Curve, lastHourQuery } from "./queries";
import { useSeen } from "./useSeen";

const Curves = styled("div")({ display: "flex", gap: 16, "& > *": { flex: "1 1 0", minWidth: 0 } });
const Caption = styled("div")(({ theme }) => ({
  ...theme.typography.caption,
  color: theme.vars?.palette.text.secondary,
  overflow: "hidden",
  textOverflow: "ellipsis",
  whiteSpace: "nowrap",
}));

/** How busy a machine's CPUs and GPUs were in the last hour; asked for once it is looked at. */
export function LastHour({ machine, gpus }: { machine: string; gpus: boolean }) {
  const t = useWords();
  const [ref, seen] = useSeen<HTMLDivElement>();
  const { data, isError } = useQuery({ ...lastHourQuery(machine), enabled: seen });
  const away = isError && data === undefined;
  const gpuCurve = data && meanCurve(data.gpus.map((gpu) => gpu.utilization_ratio));
  return (
    <Curves ref={ref}>
      <OneCurve what={t("machines.cpuHour")} points={data?.series.cpu_ratio} away={away} />
      {gpus && <OneCurve what={t("machines.gpuHour")} points={gpuCurve} away={away} />}
    </Curves>
  );
}

/** undefined points: not here yet. */
function OneCurve({ what, points, away }: { what: string; points: Curve | undefined; away: boolean }) {
  const t = useWords();
  const f = useFormat();
  const all = points && summary(points);
  const plain = away ? "hourGone" : points === undefined ? "hourLoading" : "hourNothing";
  const label = all
    ? t("machines.hourSpoken", {
        what,
        least: f.percent(all.least),
        most: f.percent(all.most),
        mean: f.percent(all.mean),
      })
    : t(`machines.${plain}`, { what });
  return (
    <div>
      <Caption aria-hidden>{away ? label : what}</Caption>
      <Sparkline label={label} points={all ? (points ?? []) : []} />
    </div>
  );
}
