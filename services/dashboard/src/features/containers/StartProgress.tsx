import Box from "@mui/material/Box";
import Step from "@mui/material/Step";
import StepLabel from "@mui/material/StepLabel";
import Stepper from "@mui/material/Stepper";
import Typography from "@mui/material/Typography";
import { useEffect, useState } from "react";
import { seconds } from "../../components/format";
import { messages, phaseWords } from "../../messages";
import type { Container } from "./queries";

const ORDER = ["placed_seconds", "created_seconds", "booting_seconds", "ready_seconds"] as const;

/** The phases of a start with their seconds, and how long it takes by now. */
export function StartProgress({ container }: { container: Container }) {
  const began = container.requested_at === null ? null : new Date(container.requested_at).getTime();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 100);
    return () => clearInterval(timer);
  }, []);
  const done = ORDER.filter((phase) => container.phases[phase] !== null).length;
  return (
    <Box role="group" aria-label={messages.starting} sx={{ mt: 2 }}>
      <Stepper activeStep={done} alternativeLabel>
        {ORDER.map((phase) => {
          const took = container.phases[phase];
          return (
            <Step key={phase} completed={took !== null}>
              <StepLabel optional={<Typography variant="caption">{took === null ? "…" : seconds(took)}</Typography>}>
                {phaseWords[phase]}
              </StepLabel>
            </Step>
          );
        })}
      </Stepper>
      {began !== null && (
        <Typography align="center" variant="body2" sx={{ mt: 1, fontVariantNumeric: "tabular-nums" }}>
          {messages.starting} {seconds(Math.max(0, (now - began) / 1000))}
        </Typography>
      )}
    </Box>
  );
}
