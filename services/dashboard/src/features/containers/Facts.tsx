import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";
import { type Container, imagesQuery } from "./queries";

/** What a container is made of, and how much it may take. */
export function Facts({ container }: { container: Container }) {
  const t = useWords();
  const f = useFormat();
  const images = useQuery(imagesQuery());
  const { limits } = container;
  const image = images.data?.find((each) => each.name === container.image)?.title ?? container.image;
  const moment = (at: string | null) => (at === null ? t("common.dash") : f.moment(at));
  const took = container.time_to_notebook_seconds;
  const facts: [label: string, value: ReactNode][] = [
    [t("containers.image"), image],
    [t("containers.machine"), container.machine],
    [t("containers.gpus"), container.gpus.length === 0 ? t("containers.noGpu") : f.number(container.gpus.length)],
    [t("containers.cpus"), f.number(limits.cpus, 2)],
    [t("containers.memory"), f.bytes(limits.memory_bytes)],
    [t("containers.shm"), f.bytes(limits.shm_bytes)],
    [t("containers.pids"), f.number(limits.pids)],
    [t("containers.requested"), moment(container.requested_at)],
    [t("containers.started"), moment(container.started_at)],
    [t("containers.lastUsed"), moment(container.last_access_at)],
    [t("containers.tookToNotebook"), took === null ? t("common.dash") : f.seconds(took)],
  ];
  return (
    <Box
      component="dl"
      sx={{ display: "grid", gridTemplateColumns: "auto minmax(0, 1fr)", columnGap: 2, rowGap: 0.5, m: 0 }}
    >
      {facts.map(([label, value]) => (
        <Box key={label} sx={{ display: "contents" }}>
          <Typography component="dt" variant="body2" color="textSecondary">
            {label}
          </Typography>
          <Typography
            component="dd"
            variant="body2"
            align="right"
            sx={{ m: 0, overflowWrap: "anywhere", fontVariantNumeric: "tabular-nums" }}
          >
            {value}
          </Typography>
        </Box>
      ))}
    </Box>
  );
}
