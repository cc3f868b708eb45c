import Box from "@mui/material/Box";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { machinesQuery, meQuery } from "../api/queries";
import { MyContainer } from "../features/containers/MyContainer";
import { containersQuery, imagesQuery, type Wish } from "../features/containers/queries";
import { useStart } from "../features/containers/useStart";
import { MachineGrid } from "../features/machines/MachineGrid";
import { useWords } from "../words/Words";
import { keepWish, lastWish } from "./lastWish";
import { Strip } from "./Strip";
import { useSteady } from "./useSteady";

const StartDrawer = lazy(async () => ({ default: (await import("../features/containers/StartDrawer")).StartDrawer }));

/** The first page: what is free, what is mine, every machine. */
export function Home() {
  const t = useWords();
  const me = useQuery(meQuery());
  const overview = useQuery(machinesQuery());
  const containers = useQuery(containersQuery());
  const images = useQuery(imagesQuery());
  const asked = useStart();
  const [drawer, setDrawer] = useState<"never" | "open" | "closed">("never");

  const machines = overview.data?.machines ?? [];
  const usual = lastWish(machines, images.data);
  const go = (wish: Wish, predicted: number | null = null) => {
    setDrawer((now) => (now === "open" ? "closed" : now));
    keepWish(wish);
    asked.go(wish, predicted);
  };
  const startOn = useSteady((machine: string) => go({ ...usual, machine }));
  const none = containers.data?.every((each) => each.state === "failed") ?? false;
  return (
    <Stack spacing={2}>
      <Box component="section" aria-labelledby="mine">
        <Box sx={{ display: "flex", flexWrap: "wrap", columnGap: 2, rowGap: 1, alignItems: "center", mb: 1 }}>
          <Typography id="mine" variant="h5" component="h1">
            {t("containers.mine")}
          </Typography>
          <Strip quota={me.data?.quota.gpus ?? null} />
        </Box>
        <MyContainer start={{ ...asked, go }} usual={usual} onOptions={() => setDrawer("open")} />
      </Box>
      <Box component="section" aria-labelledby="machines">
        <Typography id="machines" variant="h5" component="h2" sx={{ mb: 1 }}>
          {t("machines.title")}
        </Typography>
        <MachineGrid onStart={none && !asked.pending ? startOn : null} />
      </Box>
      {drawer !== "never" && (
        <Suspense fallback={null}>
          <StartDrawer
            open={drawer === "open"}
            machines={machines.map((each) => ({ name: each.name, gpus: each.gpus_total }))}
            initial={usual}
            onStart={go}
            onClose={() => setDrawer("closed")}
          />
        </Suspense>
      )}
    </Stack>
  );
}
