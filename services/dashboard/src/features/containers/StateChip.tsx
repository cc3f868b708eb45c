import Chip from "@mui/material/Chip";
import type { Schemas } from "../../api/client";
import { AwayIcon, CheckIcon, ClockIcon, WarnIcon } from "../../components/icons";
import { stateWords } from "../../messages";

const LOOK = {
  pending: [ClockIcon, "info"],
  pulling: [ClockIcon, "info"],
  booting: [ClockIcon, "info"],
  ready: [CheckIcon, "success"],
  stopping: [ClockIcon, "default"],
  failed: [WarnIcon, "error"],
  lost: [AwayIcon, "error"],
} as const;

/** A container's state as word, icon and colour. */
export function StateChip({ state }: { state: Schemas["ContainerState"] }) {
  const [Icon, color] = LOOK[state];
  return <Chip size="small" variant="outlined" color={color} icon={<Icon />} label={stateWords[state]} />;
}
