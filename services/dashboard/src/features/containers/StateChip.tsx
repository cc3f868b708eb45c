import Chip from "@mui/material/Chip";
import type { Schemas } from "../../api/client";
import { AwayIcon, CheckIcon, ClockIcon, WarnIcon } from "../../components/icons";
import { useWords } from "../../words/Words";

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
  const t = useWords();
  const [Icon, color] = LOOK[state];
  return <Chip size="small" variant="outlined" color={color} icon={<Icon />} label={t(`containers.state.${state}`)} />;
}
