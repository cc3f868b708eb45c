import { useTheme } from "@mui/material/styles";
import { ChartsContainer } from "@mui/x-charts/ChartsContainer";
import { AreaPlot, LinePlot } from "@mui/x-charts/LineChart";

type Props = { points: readonly (number | null)[]; width?: number };

/** The drawing of a Sparkline, as wide as there is room for unless `width` (pixels) says. */
export function SparklineCurve({ points, width }: Props) {
  const color = useTheme().vars?.palette.info.main ?? "currentColor";
  return (
    <ChartsContainer
      aria-hidden
      {...(width !== undefined && { width })}
      height={32}
      margin={{ top: 2, bottom: 0, left: 0, right: 0 }}
      skipAnimation
      disableAxisListener
      colors={[color]}
      series={[
        { type: "line", data: [...points], area: true, curve: "linear", showMark: false, disableHighlight: true },
      ]}
      xAxis={[{ id: "time", scaleType: "point", data: points.map((_, index) => index), position: "none" }]}
      yAxis={[{ id: "ratio", min: 0, max: 1, position: "none" }]}
      sx={{ "& .MuiLineChart-area": { opacity: 0.15 }, "& .MuiLineChart-line": { strokeWidth: 1.5 } }}
    >
      <AreaPlot skipAnimation />
      <LinePlot skipAnimation />
    </ChartsContainer>
  );
}
