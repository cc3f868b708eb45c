import PresentIcon from "@mui/icons-material/CheckCircleOutlined";
import PullingIcon from "@mui/icons-material/DownloadingOutlined";
import UnknownIcon from "@mui/icons-material/HelpOutlineOutlined";
import AbsentIcon from "@mui/icons-material/RadioButtonUnchecked";
import FailedIcon from "@mui/icons-material/WarningAmberOutlined";
import Box from "@mui/material/Box";
import LinearProgress from "@mui/material/LinearProgress";
import type { SvgIconProps } from "@mui/material/SvgIcon";
import Typography from "@mui/material/Typography";
import type { ReactNode } from "react";
import { useFormat } from "../../words/format";
import { type Key, useWords } from "../../words/Words";
import { ratioOf } from "./presence";
import type { Presence, Where } from "./queries";

type Sign = { icon: typeof PresentIcon; color: SvgIconProps["color"]; word: Key };
const SIGNS: Record<Presence | "failed", Sign> = {
  present: { icon: PresentIcon, color: "success", word: "images.state.present" },
  absent: { icon: AbsentIcon, color: "action", word: "images.state.absent" },
  pulling: { icon: PullingIcon, color: "info", word: "images.state.pulling" },
  unknown: { icon: UnknownIcon, color: "action", word: "images.state.unknown" },
  failed: { icon: FailedIcon, color: "warning", word: "images.failed" },
};

/** An icon and a word: what is so with an image, by more than a colour. `children` in place of the word. */
export function PresenceSign({ state, children }: { state: Presence | "failed"; children?: ReactNode }) {
  const t = useWords();
  const { icon: Icon, color, word } = SIGNS[state];
  return (
    <Box sx={{ display: "flex", gap: 0.75, alignItems: "center", whiteSpace: "nowrap" }}>
      <Icon fontSize="small" color={color ?? "inherit"} aria-hidden />
      <span>{children ?? t(word)}</span>
    </Box>
  );
}

/** One image on one machine: whether it is there, how far it is, why it failed. */
export function PresenceCell({ where, image }: { where: Where; image: string }) {
  const t = useWords();
  return (
    <>
      <PresenceSign state={where.state} />
      {where.state === "pulling" && (
        <Progress where={where} label={t("images.progress", { image, machine: where.machine })} />
      )}
      {where.error !== null && (
        <Box sx={{ mt: 0.5 }}>
          <PresenceSign state="failed" />
          <Typography variant="caption" lang="en" component="p" sx={{ maxWidth: 280 }}>
            {where.error}
          </Typography>
        </Box>
      )}
    </>
  );
}

function Progress({ where, label }: { where: Where; label: string }) {
  const f = useFormat();
  const ratio = ratioOf(where);
  const amounts = f.amounts(where.pulled_bytes, where.total_bytes);
  return (
    <Box sx={{ minWidth: 140, mt: 0.5 }}>
      <LinearProgress
        color="info"
        aria-label={label}
        {...(ratio !== null && { variant: "determinate" as const, value: ratio * 100 })}
      />
      {ratio !== null && (
        <Typography variant="caption" sx={{ whiteSpace: "nowrap", fontVariantNumeric: "tabular-nums" }}>
          {f.percent(ratio)} · {amounts}
        </Typography>
      )}
    </Box>
  );
}
