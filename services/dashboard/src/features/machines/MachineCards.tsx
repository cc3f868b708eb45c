import { styled } from "@mui/material/styles";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import { useWords } from "../../words/Words";
import { MachineCard } from "./MachineCard";
import type { Machine } from "./queries";
import { useArea } from "./useArea";

const GAP = 16;
const NARROWEST = 400;

const All = styled("div")({ position: "relative" });
const Grid = styled("ul")({
  position: "absolute",
  insetInline: 0,
  display: "grid",
  gap: GAP,
  margin: 0,
  padding: 0,
  listStyle: "none",
});

type Props = { machines: readonly Machine[]; me: string | null; onStart: ((machine: string) => void) | null };

/** About how high a card is, before it is measured. */
function height(machine: Machine | undefined, width: number): number {
  const gpus = machine?.gpus.length ?? 0;
  const beside = Math.max(1, Math.floor((width - 26) / 160));
  return 250 + Math.ceil(gpus / beside) * 152;
}

/** Machines as cards; only those near the window are in the page, so that a thousand scroll as three do. */
export function MachineCards({ machines, me, onStart }: Props) {
  const t = useWords();
  const all = useRef<HTMLDivElement>(null);
  const { width, top } = useArea(all);
  const columns = Math.max(1, Math.floor((width + GAP) / (NARROWEST + GAP)));
  const wide = (width + GAP) / columns - GAP;
  const inRow = (row: number) => machines.slice(row * columns, (row + 1) * columns);
  const rows = useWindowVirtualizer({
    count: Math.ceil(machines.length / columns),
    estimateSize: (row) => Math.max(...inRow(row).map((machine) => height(machine, wide))),
    scrollMargin: top,
    gap: GAP,
    overscan: 1,
    useFlushSync: false,
  });
  const near = rows.getVirtualItems();
  const first = near[0]?.index ?? 0;
  const last = near.at(-1)?.index ?? -1;
  return (
    <All ref={all} style={{ height: rows.getTotalSize() }}>
      <Grid
        aria-label={t("machines.list")}
        style={{
          top: (near[0]?.start ?? top) - top,
          gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
        }}
      >
        {machines.slice(first * columns, (last + 1) * columns).map((machine, index) => (
          <li
            key={machine.name}
            ref={index % columns === 0 ? rows.measureElement : undefined}
            data-index={first + Math.floor(index / columns)}
            aria-setsize={machines.length}
            aria-posinset={first * columns + index + 1}
          >
            <MachineCard machine={machine} me={me} onStart={onStart} />
          </li>
        ))}
      </Grid>
    </All>
  );
}
