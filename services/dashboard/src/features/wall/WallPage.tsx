import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Skeleton from "@mui/material/Skeleton";
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { browser } from "../../api/browser";
import { useNow } from "../../api/clock";
import { meQuery, useMachines } from "../../api/queries";
import { Problem } from "../../components/Problem";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";
import { fitted, GAP, pages } from "./fit";
import { Header } from "./Header";
import { MachineTile } from "./MachineTile";
import { useAwake, usePage, useRoom } from "./screen";
import { countOf, inOrder, type Overview } from "./truth";

/** An overview that was answered longer ago than this is not of now: three polls were missed. */
const LATE_SECONDS = 6;
const MINUTE = 60_000;

/** Every machine and GPU for a screen in a room: nothing to press, no addresses, no secrets; it goes on for days. */
export function WallPage() {
  const { overview, late: age, error } = useMachines();
  const me = useQuery(meQuery());
  const now = useNow();
  useAwake();
  useNewVersion(me.data?.version);
  const late = age > LATE_SECONDS;
  const machines = overview?.machines ?? [];
  return (
    <Box
      component="main"
      sx={{
        height: "100dvh",
        overflow: "hidden",
        display: "flex",
        flexDirection: "column",
        gap: `${GAP}px`,
        p: { xs: 1.5, md: 2.5 },
        "@media (display-mode: fullscreen)": { cursor: "none" },
      }}
    >
      <Header
        count={overview && countOf(machines, late)}
        machines={machines.length}
        now={now}
        demo={me.data?.demo ?? false}
      />
      <Missing overview={overview} away={late && error !== null} age={age} />
      {overview ? (
        <Tiles overview={overview} late={late} minute={Math.floor(now / MINUTE) * MINUTE} />
      ) : error ? (
        <Problem error={error} />
      ) : (
        <Waiting />
      )}
    </Box>
  );
}

/** Load the page anew when another version of Shiva answers. */
function useNewVersion(version: string | undefined) {
  const first = useRef(version);
  useEffect(() => {
    first.current ??= version;
    if (version !== first.current) browser.goTo(window.location.pathname);
  }, [version]);
}

/** What is not of now, and how old it is. */
function Missing({ overview, away, age }: { overview: Overview | undefined; away: boolean; age: number }) {
  const t = useWords();
  const f = useFormat();
  const sentence = () => {
    if (overview === undefined) return null;
    if (away) return t("wall.away", { age: f.duration(age) });
    const { metrics, broker } = overview;
    if (metrics.state === "unavailable") return t("wall.noNumbers");
    if (metrics.state === "stale") return t("wall.oldNumbers", { age: f.duration(metrics.age_seconds ?? 0) });
    return broker.state === "fresh" ? null : t("wall.holdersUnknown");
  };
  const said = sentence();
  return (
    <Box role="status">
      {said !== null && (
        <Alert severity="warning" sx={{ fontSize: "1.2rem" }}>
          {said}
        </Alert>
      )}
    </Box>
  );
}

function Tiles({ overview, late, minute }: { overview: Overview; late: boolean; minute: number }) {
  const t = useWords();
  const [room, measure] = useRoom();
  const machines = inOrder(overview.machines);
  const most = Math.max(0, ...machines.map((machine) => machine.gpus.length));
  const shape = room && machines.length > 0 ? fitted(machines.length, most, room) : null;
  const all = shape ? pages(machines, shape) : [];
  const page = usePage(Math.max(1, all.length));
  return (
    <>
      <Box ref={measure} sx={{ flexGrow: 1, minHeight: 0, overflow: "hidden" }}>
        {machines.length === 0 && (
          <Box sx={{ height: "100%", display: "grid", placeContent: "center", textAlign: "center" }}>
            <Typography variant="h3" component="p">
              {t("wall.empty")}
            </Typography>
            <Typography variant="h6" component="p" color="textSecondary">
              {t("wall.emptyHint")}
            </Typography>
          </Box>
        )}
        {shape && (
          <Box
            sx={{ height: "100%", display: "grid", gap: `${GAP}px` }}
            style={{
              fontSize: shape.em,
              gridTemplateColumns: `repeat(${shape.columns}, minmax(0, 1fr))`,
              gridTemplateRows: `repeat(${shape.rows}, minmax(0, 1fr))`,
            }}
          >
            {all[page]?.map((machine) => (
              <MachineTile
                key={machine.name}
                machine={machine}
                kind={shape.kind}
                across={shape.across}
                late={late}
                minute={minute}
              />
            ))}
          </Box>
        )}
      </Box>
      {all.length > 1 && (
        <Typography align="center" color="textSecondary" sx={{ fontVariantNumeric: "tabular-nums" }}>
          {t("wall.page", { page: page + 1, pages: all.length })}
        </Typography>
      )}
    </>
  );
}

function Waiting() {
  const t = useWords();
  return (
    <Box
      role="status"
      aria-label={t("common.loading")}
      sx={{
        flexGrow: 1,
        display: "grid",
        gap: `${GAP}px`,
        gridTemplateColumns: "repeat(auto-fit, minmax(260px, 1fr))",
      }}
    >
      {["a", "b", "c"].map((each) => (
        <Skeleton key={each} variant="rounded" height="100%" />
      ))}
    </Box>
  );
}
