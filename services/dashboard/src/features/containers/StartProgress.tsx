import Box from "@mui/material/Box";
import LinearProgress from "@mui/material/LinearProgress";
import Step from "@mui/material/Step";
import StepLabel from "@mui/material/StepLabel";
import Stepper from "@mui/material/Stepper";
import Typography from "@mui/material/Typography";
import { useQueryClient } from "@tanstack/react-query";
import { useNow } from "../../api/clock";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";
import { NewTab } from "./NewTab";
import { type Container, predictedFor } from "./queries";

const ORDER = ["placed", "created", "booting", "ready"] as const;
const NEARLY = 97; // per cent: only the answer itself fills the bar

/** The phases of a start with their seconds, how long it takes by now and how long it should take in all. */
export function StartProgress({ container }: { container: Container }) {
  const t = useWords();
  const f = useFormat();
  const seconds = ORDER.map((phase) => container.phases[`${phase}_seconds`]);
  const done = seconds.filter((took) => took !== null).length;
  return (
    <Box role="group" aria-label={t("start.starting")} sx={{ mt: 2 }}>
      <Stepper activeStep={done} alternativeLabel>
        {ORDER.map((phase, index) => {
          const took = seconds[index] ?? null;
          return (
            <Step key={phase} completed={took !== null}>
              <StepLabel optional={<Typography variant="caption">{took === null ? "…" : f.seconds(took)}</Typography>}>
                {t(`start.phase.${phase}`)}
              </StepLabel>
            </Step>
          );
        })}
      </Stepper>
      {container.requested_at !== null && <Elapsed container={container} since={container.requested_at} />}
      <NewTab />
    </Box>
  );
}

function Elapsed({ container, since }: { container: Container; since: string }) {
  const t = useWords();
  const f = useFormat();
  const predicted = predictedFor(useQueryClient(), container);
  const seconds = Math.max(0, (useNow(100) - new Date(since).getTime()) / 1000);
  const time = f.seconds(seconds);
  const whole = predicted === null ? "" : f.seconds(predicted);
  const share = predicted ? Math.min(NEARLY, (seconds / predicted) * 100) : null;
  const said =
    predicted === null
      ? "start.elapsed"
      : seconds > predicted
        ? ("start.longer" as const)
        : ("start.elapsedOf" as const);
  return (
    <>
      <LinearProgress
        variant={share === null ? "indeterminate" : "determinate"}
        value={share ?? undefined}
        aria-label={t("start.starting")}
        sx={{ mt: 2, borderRadius: 2 }}
      />
      <Typography align="center" variant="body2" sx={{ mt: 1, fontVariantNumeric: "tabular-nums" }}>
        {t(said, { time, whole })}
      </Typography>
    </>
  );
}
