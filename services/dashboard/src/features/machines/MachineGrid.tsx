import Box from "@mui/material/Box";
import Skeleton from "@mui/material/Skeleton";
import Typography from "@mui/material/Typography";
import { useMachines } from "../../api/queries";
import { Problem } from "../../components/Problem";
import { messages } from "../../messages";
import { MachineCard } from "./MachineCard";
import { freeFirst } from "./queries";

const COLUMNS = "repeat(auto-fill, minmax(min(100%, 400px), 1fr))";

/** Every machine as a card, free ones first. */
export function MachineGrid({ onStart }: { onStart: ((machine: string) => void) | null }) {
  const { overview, error } = useMachines();
  if (overview === undefined) {
    return error ? (
      <Problem error={error} />
    ) : (
      <Skeleton variant="rounded" height={260} aria-label="Loading machines" />
    );
  }
  if (overview.machines.length === 0) {
    return (
      <Box sx={{ py: 6, textAlign: "center" }}>
        <Typography variant="h6" component="p">
          {messages.noMachines}
        </Typography>
        <Typography color="textSecondary">{messages.noMachinesHint}</Typography>
      </Box>
    );
  }
  return (
    <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: COLUMNS, opacity: error ? 0.6 : 1 }}>
      {freeFirst(overview.machines).map((machine) => (
        <MachineCard key={machine.name} machine={machine} onStart={onStart} />
      ))}
    </Box>
  );
}
