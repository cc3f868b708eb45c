import { ChartsReferenceLine } from "@mui/x-charts/ChartsReferenceLine";
import { LineChart } from "@mui/x-charts/LineChart";
import { useLanguage } from "../../words/Words";
import { CHART_HEIGHT, type Chart, type Line } from "./HistoryChart";

const COLORS = ["info", "success", "warning", "primary"].map((name) => `var(--mui-palette-${name}-main)`);
const DASHES = ["none", "6 3", "2 3", "8 3 2 3"]; // so that lines differ without their colour too
const QUARTERS = [0, 0.25, 0.5, 0.75, 1];
const DAY_SECONDS = 86_400;

/** A value between two that were not reported has no line, so it is drawn as a dot. */
const alone =
  ({ values }: Line) =>
  ({ index }: { index: number }) =>
    (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null;

/** The lines themselves. In a file of its own: its library is big, and fetched when it is looked at. */
export function Lines({ from, stepSeconds, lines, format, limit = null, top = null }: Chart) {
  const language = useLanguage();
  const start = new Date(from).getTime();
  const count = Math.max(...lines.map((line) => line.values.length));
  const times = [...Array(count).keys()].map((index) => new Date(start + index * stepSeconds * 1000));
  const days = count * stepSeconds > DAY_SECONDS;
  const written = new Intl.DateTimeFormat(
    language,
    days ? { month: "numeric", day: "numeric" } : { timeStyle: "short" },
  );
  const exact = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  const dashes = Object.fromEntries(
    lines.map((line, index) => [
      `& .MuiLineChart-line[data-series="${line.id}"]`,
      { strokeDasharray: DASHES[index % DASHES.length] },
    ]),
  );
  return (
    <LineChart
      height={CHART_HEIGHT}
      skipAnimation
      disableKeyboardNavigation // the table beside it is for keys and readers
      hideLegend={lines.length < 2}
      margin={{ left: 0, right: 28, top: 12, bottom: 0 }}
      xAxis={[
        {
          data: times,
          scaleType: "time",
          height: 24,
          tickNumber: 4,
          valueFormatter: (at: Date, context) => (context.location === "tick" ? written : exact).format(at),
        },
      ]}
      yAxis={[
        {
          min: 0,
          width: 64,
          tickNumber: 4,
          valueFormatter: (value: number) => format(value),
          ...(limit === null && top === null
            ? {}
            : {
                ...(limit && { tickInterval: QUARTERS.map((share) => share * limit.value) }),
                domainLimit: (_, most) => axis(Number(most), limit?.value ?? 0, top ?? 0),
              }),
        },
      ]}
      series={lines.map((line, index) => ({
        id: line.id,
        label: line.label,
        data: [...line.values],
        color: COLORS[index % COLORS.length] as string,
        curve: "linear",
        connectNulls: false,
        showMark: alone(line),
        valueFormatter: (value: number | null) => (value === null ? "—" : format(value)),
      }))}
      grid={{ horizontal: true }}
      sx={dashes}
    >
      {limit && (
        <ChartsReferenceLine
          y={limit.value}
          label={limit.label}
          labelAlign="start"
          labelStyle={{ fontSize: 11 }}
          lineStyle={{ stroke: "var(--mui-palette-error-main)", strokeDasharray: "4 4" }}
        />
      )}
    </LineChart>
  );
}

/** From nothing to what values, limit and the wished top reach, with a little room above a limit for its words. */
function axis(most: number, limit: number, top: number) {
  return { min: 0, max: Math.max(most, limit * 1.15, top) };
}
