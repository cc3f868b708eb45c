import Box from "@mui/material/Box";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { browser } from "../api/browser";
import { machinesQuery, meQuery } from "../api/queries";
import { MyContainer } from "../features/containers/MyContainer";
import { containersQuery, startMutation, type Wish } from "../features/containers/queries";
import { StartDialog } from "../features/containers/StartDialog";
import { MachineGrid } from "../features/machines/MachineGrid";
import { Strip } from "../features/machines/Strip";
import { messages } from "../messages";
import { keepWish, lastWish } from "./lastWish";

/** The first page: what is free, what is mine, every machine. */
export function Home() {
  const me = useQuery(meQuery());
  const overview = useQuery(machinesQuery());
  const containers = useQuery(containersQuery());
  const start = useMutation(startMutation(useQueryClient()));
  const [choosing, setChoosing] = useState(false);
  const opened = useRef(false);
  const started = start.data;
  const now = containers.data?.find((each) => each.id === started?.id);

  // Whoever pressed Start on this page wanted to get into the notebook.
  useEffect(() => {
    if (!opened.current && now?.state === "ready" && now.requested_at === started?.requested_at) {
      opened.current = true;
      browser.goTo(now.url);
    }
  }, [now, started]);

  const machines = overview.data?.machines ?? [];
  const go = (wish: Wish) => {
    setChoosing(false);
    keepWish(wish);
    start.mutate(wish);
  };
  const none = containers.data?.every((each) => each.state === "failed") ?? false;
  const usual = lastWish(machines);
  return (
    <Stack spacing={2}>
      <Box component="section" aria-labelledby="mine">
        <Box sx={{ display: "flex", flexWrap: "wrap", columnGap: 2, alignItems: "baseline", mb: 1 }}>
          <Typography id="mine" variant="h5" component="h1">
            {messages.myContainer}
          </Typography>
          {me.data && <Strip user={me.data.user.name} />}
        </Box>
        <MyContainer
          onStart={() => go(usual)}
          onOptions={() => setChoosing(true)}
          starting={start.isPending}
          startError={start.error}
        />
      </Box>
      <Box component="section" aria-labelledby="machines">
        <Typography id="machines" variant="h5" component="h2" sx={{ mb: 1 }}>
          {messages.machines}
        </Typography>
        <MachineGrid onStart={none && !start.isPending ? (machine) => go({ ...usual, machine }) : null} />
      </Box>
      {choosing && (
        <StartDialog
          machines={machines.map((each) => ({ name: each.name, gpus: each.gpus_total }))}
          initial={usual}
          onStart={go}
          onClose={() => setChoosing(false)}
        />
      )}
    </Stack>
  );
}
