import { styled } from "@mui/material/styles";
import { useNow } from "../../api/clock";
import { Hidden } from "../../components/Hidden";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";
import { gpuState } from "./gpuState";
import { useGpuSentence } from "./gpuWords";
import { GPU_LOOK } from "./looks";
import { MemoryBar } from "./MemoryByPerson";
import type { Machine } from "./queries";

// One styled element with rules for those inside: a table shows hundreds.
const Cells = styled("ul")(({ theme }) => ({
  ...theme.typography.caption,
  lineHeight: 1.4,
  display: "flex",
  gap: 4,
  margin: 0,
  padding: 0,
  listStyle: "none",
  "& > li": {
    position: "relative",
    width: 64,
    padding: "2px 5px 4px",
    border: `1px solid ${theme.vars?.palette.divider}`,
    borderRadius: 6,
  },
  "& .line": { display: "flex", justifyContent: "space-between", alignItems: "center" },
  "& svg": { fontSize: 15 },
}));

/** A machine's GPUs in one line: how busy, whose, how full; the whole sentence on hover and for screen readers. */
export function GpuCells({ machine }: { machine: Machine }) {
  const t = useWords();
  const f = useFormat();
  const now = useNow(10_000);
  const sentence = useGpuSentence();
  if (machine.gpus.length === 0) return t("common.dash");
  return (
    <Cells>
      {machine.gpus.map((gpu) => {
        const [Icon, color] = GPU_LOOK[gpuState(gpu, machine)];
        const text = sentence(gpu, machine, now);
        return (
          <li key={gpu.uuid} title={text}>
            <Hidden>{text}</Hidden>
            <div className="line" aria-hidden>
              <span>{gpu.utilization_ratio === null ? t("common.dash") : f.percent(gpu.utilization_ratio)}</span>
              <Icon color={color === "default" ? "action" : color} />
            </div>
            <MemoryBar gpu={gpu} />
          </li>
        );
      })}
    </Cells>
  );
}
