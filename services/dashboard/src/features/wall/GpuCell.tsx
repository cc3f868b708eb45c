import Block from "@mui/icons-material/Block";
import HelpOutlineOutlined from "@mui/icons-material/HelpOutlineOutlined";
import Box from "@mui/material/Box";
import { share, spelled } from "../../components/format";
import { AwayIcon, CheckIcon, PersonIcon, WarnIcon } from "../../components/icons";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";
import { Glow } from "./Glow";
import { type Gpu, type GpuWord, unaddressed } from "./truth";

export const GPU_LOOK = {
  free: [CheckIcon, "success.main"],
  held: [PersonIcon, "text.primary"],
  foreign: [WarnIcon, "warning.main"],
  off: [Block, "text.secondary"],
  lost: [AwayIcon, "error.main"],
  unknown: [HelpOutlineOutlined, "text.secondary"],
} as const;

const CELL = {
  p: "0.5em 0.7em",
  minWidth: 0,
  minHeight: 0,
  overflow: "clip",
  overflowClipMargin: "1.5em",
  display: "flex",
  flexDirection: "column",
  justifyContent: "space-between",
} as const;

type Props = { gpu: Gpu; word: GpuWord; minute: number };

/** One GPU, to be read from across a room: whose it is, since when, how busy and how full. */
export function GpuCell({ gpu, word, minute }: Props) {
  const t = useWords();
  const f = useFormat();
  const [Icon, color] = GPU_LOOK[word];
  const told = (value: number | null, write: (value: number) => string) =>
    value === null ? t("common.dash") : write(value);
  const since = gpu.holder?.since ?? null;
  return (
    <Glow component="li" load={gpu.utilization_ratio} sx={CELL}>
      <Line>
        <span>{t("wall.gpu", { index: gpu.index ?? "?" })}</span>
        <span>
          {told(gpu.utilization_ratio, (value) => f.percent(value))} ·{" "}
          {told(gpu.temperature_celsius, (value) => f.celsius(value))}
        </span>
      </Line>
      <Box sx={{ display: "flex", alignItems: "center", gap: "0.3em", fontSize: "1.3em", fontWeight: 700, color }}>
        <Icon sx={{ fontSize: "1.1em" }} aria-hidden />
        <Box component="span" sx={{ overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>
          {gpu.holder && word === "held" ? unaddressed(spelled(gpu.holder.owner)) : t(`wall.gpu.${word}`)}
        </Box>
      </Box>
      <Line>
        <span>
          {since !== null && t("common.since", { time: f.duration(Math.max(0, minute - Date.parse(since)) / 1000) })}
        </span>
        <span>{f.amounts(gpu.memory_used_bytes, gpu.memory_total_bytes) ?? t("common.dash")}</span>
      </Line>
      <Bar ratio={share(gpu.memory_used_bytes, gpu.memory_total_bytes)} />
    </Glow>
  );
}

function Line({ children }: { children: React.ReactNode }) {
  return (
    <Box
      sx={{
        display: "flex",
        justifyContent: "space-between",
        gap: "0.5em",
        "& > :first-of-type": { overflow: "hidden", textOverflow: "ellipsis" },
        fontSize: "0.85em",
        minHeight: "1.5em",
        color: "text.secondary",
        whiteSpace: "nowrap",
        overflow: "hidden",
        fontVariantNumeric: "tabular-nums",
      }}
    >
      {children}
    </Box>
  );
}

/** How full; the sentence beside it says the same. */
function Bar({ ratio }: { ratio: number | null }) {
  return (
    <Box
      aria-hidden
      sx={{ height: "0.35em", borderRadius: 1, bgcolor: "action.hover", overflow: "hidden", mt: "0.1em" }}
    >
      {ratio !== null && (
        <Box
          style={{ width: `${Math.min(1, Math.max(0, ratio)) * 100}%` }}
          sx={{ height: "100%", bgcolor: "primary.main" }}
        />
      )}
    </Box>
  );
}
