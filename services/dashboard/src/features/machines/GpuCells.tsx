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

const Cells = styled("ul")({ display: "flex", gap: 4, margin: 0, padding: 0, listStyle: "none", minWidth: 0 });
const Cell = styled("li")(({ theme }) => ({
  ...theme.typography.caption,
  position: "relative",
  width: 64,
  padding: "2px 5px 4px",
  border: `1px solid ${theme.vars?.palette.divider}`,
  borderRadius: 6,
  lineHeight: 1.4,
}));
const Line = styled("div")({ display: "flex", justifyContent: "space-between", alignItems: "center" });

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
          <Cell key={gpu.uuid} title={text}>
            <Hidden>{text}</Hidden>
            <Line aria-hidden>
              <span>{gpu.utilization_ratio === null ? t("common.dash") : f.percent(gpu.utilization_ratio)}</span>
              <Icon color={color === "default" ? "action" : color} sx={{ fontSize: 15 }} />
            </Line>
            <MemoryBar gpu={gpu} />
          </Cell>
        );
      })}
    </Cells>
  );
}
