import Box from "@mui/material/Box";
import { BarChart } from "@mui/x-charts/BarChart";
import { useWords } from "../../words/Words";
import { useHours } from "./hours";
import type { Row } from "./queries";

type Props = { rows: (Row & { shown: string })[]; label: string; height: number };

const LONGEST = 16;
const short = (name: string) => (name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name);
const inHours = (seconds: number | null) => (seconds === null ? null : seconds / 3600);

/** Held against used, a pair of bars each; a bar that nobody recorded is left out. The table below has the same numbers. */
export default function UsageChart({ rows, label, height }: Props) {
  const t = useWords();
  const hours = useHours();
  const told = (value: number | null) => hours(value === null ? null : value * 3600);
  return (
    <Box role="img" aria-label={t("usage.chart", { title: label })} sx={{ mb: 1 }}>
      <BarChart
        layout="horizontal"
        height={height}
        disableKeyboardNavigation
        margin={{ left: 4, right: 16, top: 4, bottom: 4 }}
        yAxis={[
          {
            data: rows.map((row) => row.name),
            scaleType: "band",
            width: 130,
            valueFormatter: (name: string, { location }) => {
              const shown = rows.find((row) => row.name === name)?.shown ?? name;
              return location === "tick" ? short(shown) : shown;
            },
          },
        ]}
        xAxis={[{ label: t("usage.hours"), min: 0, tickNumber: 6 }]}
        series={[
          {
            label: t("usage.held"),
            data: rows.map((row) => inHours(row.held)),
            color: "var(--mui-palette-grey-500)",
            valueFormatter: told,
          },
          {
            label: t("usage.used"),
            data: rows.map((row) => inHours(row.used)),
            color: "var(--mui-palette-primary-main)",
            valueFormatter: told,
          },
        ]}
        grid={{ vertical: true }}
        borderRadius={3}
      />
    </Box>
  );
}
