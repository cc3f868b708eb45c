import Box from "@mui/material/Box";
import Chip from "@mui/material/Chip";
import Link from "@mui/material/Link";
import Typography from "@mui/material/Typography";
import { Link as RouterLink } from "react-router";
import { useLanguage, useWords } from "../../words/Words";
import type { Count } from "./truth";

type Props = { count: Count | undefined; machines: number; now: number; demo: boolean };

/** The answer to the first question, and the time. */
export function Header({ count, machines, now, demo }: Props) {
  const t = useWords();
  const clock = new Date(now).toLocaleTimeString(useLanguage(), { hour: "2-digit", minute: "2-digit" });
  return (
    <Box
      component="header"
      sx={{ display: "flex", flexWrap: "wrap", alignItems: "baseline", columnGap: 3, rowGap: 0.5 }}
    >
      <Link
        component={RouterLink}
        to="/"
        underline="none"
        sx={{ fontSize: "clamp(1.2rem, 2vw, 2rem)", fontWeight: 600 }}
      >
        {t("common.appName")}
      </Link>
      <Typography
        component="h1"
        aria-live="polite"
        sx={{ fontSize: "clamp(1.5rem, 3.4vw, 4.5rem)", fontWeight: 700, lineHeight: 1.15, mr: "auto" }}
      >
        {count && <Free count={count} machines={machines} />}
      </Typography>
      {demo && (
        <Chip
          color="warning"
          label={t("wall.demo")}
          sx={{ alignSelf: "center", fontSize: "1rem", fontWeight: 700, letterSpacing: 1 }}
        />
      )}
      {count !== undefined && count.free !== null && count.unknown > 0 && (
        <Typography color="textSecondary" sx={{ fontSize: "clamp(1rem, 1.6vw, 2rem)" }}>
          {t("wall.unknown", { count: count.unknown })}
        </Typography>
      )}
      <Typography
        component="time"
        color="textSecondary"
        sx={{ fontSize: "clamp(1.2rem, 2.4vw, 3rem)", fontVariantNumeric: "tabular-nums" }}
      >
        {clock}
      </Typography>
    </Box>
  );
}

function Free({ count: { free, all }, machines }: { count: Count; machines: number }) {
  const t = useWords();
  if (all === 0) return t("common.machines", { count: machines });
  return free === null ? t("wall.freeUnknown", { all }) : t("wall.free", { free, all });
}
