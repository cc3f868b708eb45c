import Chip from "@mui/material/Chip";
import { useWords } from "../../words/Words";
import { MACHINE_LOOK } from "./looks";
import type { Machine } from "./queries";

/** The state of a machine as a word with an icon. */
export function StateChip({ machine }: { machine: Machine }) {
  const t = useWords();
  const [Icon, color] = MACHINE_LOOK[machine.state];
  const counted = machine.state === "partly_free" && machine.gpus_total > 0 && machine.gpus_free !== null;
  const word = counted
    ? t("machines.partly", { free: machine.gpus_free ?? 0, total: machine.gpus_total })
    : t(`machines.state.${machine.state}`);
  return <Chip size="small" variant="outlined" color={color} icon={<Icon />} label={word} sx={{ flex: "none" }} />;
}
