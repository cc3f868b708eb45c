import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import { machinesQuery } from "../../api/queries";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";
import type { Container } from "./queries";
import { Since } from "./Since";
import { StateChip } from "./StateChip";

/** A container in one line: state, machine, GPUs, since when, and how long its start took. */
export function Summary({ container }: { container: Container }) {
  const t = useWords();
  const f = useFormat();
  const cards = useCards(container);
  const took = container.time_to_notebook_seconds;
  return (
    <>
      <span aria-live="polite">
        <StateChip state={container.state} />
      </span>
      <Typography component="span" sx={{ overflowWrap: "anywhere", minWidth: 0 }}>
        <strong>{container.machine}</strong> · {cards}
      </Typography>
      {container.started_at !== null && (
        <Typography component="span" color="textSecondary">
          <Since at={container.started_at} />
          {took !== null && ` · ${t("containers.readyIn", { time: f.seconds(took) })}`}
        </Typography>
      )}
    </>
  );
}

/** "GPU 0, 1 (NVIDIA GeForce GTX 1080)" where the machines tell which they are, else how many there are. */
function useCards({ gpus, machine }: Container): string {
  const t = useWords();
  const overview = useQuery(machinesQuery());
  const there = overview.data?.machines.find((each) => each.name === machine)?.gpus ?? [];
  const held = there.filter((gpu) => gpus.includes(gpu.uuid));
  const known = gpus.length > 0 && held.length === gpus.length && held.every((gpu) => gpu.index !== null);
  if (!known) return t("common.gpus", { count: gpus.length });
  const indexes = held.map((gpu) => gpu.index).join(", ");
  const models = [...new Set(held.map((gpu) => gpu.model))].filter((model) => model !== null).join(", ");
  return models === "" ? t("containers.cards", { indexes }) : t("containers.cardsOf", { indexes, models });
}
