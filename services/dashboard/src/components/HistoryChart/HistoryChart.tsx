import Box from "@mui/material/Box";
import Skeleton from "@mui/material/Skeleton";
import Typography from "@mui/material/Typography";
import { lazy, Suspense } from "react";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";

const Lines = lazy(async () => ({ default: (await import("./Lines")).Lines }));

/** One line: a value for each step from the first on; null was not reported, and is a gap. */
export type Line = { id: string; label: string; values: readonly (number | null)[] };

export type Chart = {
  title: string;
  /** When the first value is of, and how far apart values are. */
  from: string;
  stepSeconds: number;
  lines: readonly Line[];
  format: (value: number) => string;
  /** Where a line says how much there may be; null: no limit is known. */
  limit?: { value: number; label: string } | null;
  /** What the axis reaches at least; null: what the values reach. */
  top?: number | null;
};

export const CHART_HEIGHT = 200;
const ROWS = 24;
const HIDDEN = {
  position: "absolute",
  width: "1px",
  height: "1px",
  overflow: "hidden",
  clipPath: "inset(50%)",
  whiteSpace: "nowrap",
} as const;

/** Lines over time, drawn once their code is here, and a table of the same for those who do not see them. */
export function HistoryChart(chart: Chart) {
  const t = useWords();
  const told = chart.lines.some((line) => line.values.some((value) => value !== null));
  return (
    <Box component="figure" sx={{ m: 0, minWidth: 0, position: "relative" }}>
      <Typography component="figcaption" variant="subtitle2">
        {chart.title}
      </Typography>
      {told ? (
        <>
          <Box aria-hidden sx={{ minHeight: CHART_HEIGHT }}>
            <Suspense fallback={<Skeleton variant="rounded" height={CHART_HEIGHT} />}>
              <Lines {...chart} />
            </Suspense>
          </Box>
          <Values {...chart} />
        </>
      ) : (
        <Box sx={{ height: CHART_HEIGHT, display: "grid", placeItems: "center" }}>
          <Typography variant="body2" color="textSecondary">
            {t("common.noValues")}
          </Typography>
        </Box>
      )}
    </Box>
  );
}

/** The values now and then, at most `ROWS` of them, the last one among them. */
function Values({ title, from, stepSeconds, lines, format, limit }: Chart) {
  const t = useWords();
  const f = useFormat();
  const count = Math.max(...lines.map((line) => line.values.length));
  const stride = Math.ceil(count / ROWS);
  const rows = [...Array(Math.ceil(count / stride)).keys()].map((row) => count - 1 - row * stride).reverse();
  const start = new Date(from).getTime();
  return (
    <Box sx={HIDDEN}>
      <table>
        <caption>{limit ? `${title} (${limit.label})` : title}</caption>
        <thead>
          <tr>
            <th scope="col">{t("common.time")}</th>
            {lines.map((line) => (
              <th scope="col" key={line.id}>
                {line.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row}>
              <th scope="row">{f.moment(new Date(start + row * stepSeconds * 1000).toISOString())}</th>
              {lines.map((line) => {
                const value = line.values[row] ?? null;
                return <td key={line.id}>{value === null ? t("common.dash") : format(value)}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </Box>
  );
}
