import SearchIcon from "@mui/icons-material/Search";
import AppBar from "@mui/material/AppBar";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import Container from "@mui/material/Container";
import Link from "@mui/material/Link";
import Skeleton from "@mui/material/Skeleton";
import Toolbar from "@mui/material/Toolbar";
import { useQuery } from "@tanstack/react-query";
import { Suspense } from "react";
import { Outlet, Link as RouterLink, useLocation } from "react-router";
import { meQuery } from "../api/queries";
import { Hidden } from "../components/Hidden";
import { Keys } from "../components/Keys";
import { Announcement } from "../features/session/Announcement";
import { UserMenu } from "../features/session/UserMenu";
import { useWords } from "../words/Words";
import { MAIN_ID } from "./Arrival";
import { Banner } from "./Banner";
import { ErrorBoundary } from "./ErrorBoundary";
import { useKeyboard } from "./Keyboard";
import { Navigation, NavigationMenu } from "./Navigation";
import { paletteKeys } from "./paletteKeys";
import { mainPlaces, nameOf, OWN_PLACES, roomOf } from "./places";

/** The frame of every page. */
export function Layout() {
  const t = useWords();
  const me = useQuery(meQuery());
  const { run } = useKeyboard();
  const { pathname } = useLocation();
  const places = mainPlaces(me.data?.user.role === "admin");
  const name = nameOf(pathname);
  return (
    <>
      <SkipLink />
      <AppBar
        position="sticky"
        color="inherit"
        elevation={0}
        sx={{ borderBottom: 1, borderColor: "divider", backgroundColor: "background.paper" }}
      >
        <Toolbar variant="dense" sx={{ gap: { xs: 0.5, sm: 1.5 }, minHeight: 52 }}>
          <NavigationMenu places={places} />
          <Link component={RouterLink} to="/" underline="none" variant="h6" translate="no">
            {t("common.appName")}
          </Link>
          {me.data?.demo && <Demo />}
          <Navigation places={places} />
          <Box sx={{ flexGrow: 1 }} />
          <PaletteButton onClick={() => run("palette")} />
          {me.data && <UserMenu me={me.data} pages={OWN_PLACES} onKeys={() => run("help")} />}
        </Toolbar>
      </AppBar>
      <Container
        component="main"
        id={MAIN_ID}
        tabIndex={-1}
        aria-label={t(name ?? "common.appName")}
        maxWidth="xl"
        sx={{ py: 2, outline: "none" }}
      >
        <Banner />
        {me.data?.announcement && <Announcement announcement={me.data.announcement} />}
        <ErrorBoundary key={roomOf(pathname)}>
          <Suspense
            fallback={<Skeleton variant="rounded" height={96} role="status" aria-label={t("common.loading")} />}
          >
            <Outlet />
          </Suspense>
        </ErrorBoundary>
      </Container>
    </>
  );
}

/** The first stop of the Tab key. */
function SkipLink() {
  const t = useWords();
  return (
    <Button
      href={`#${MAIN_ID}`}
      variant="contained"
      onClick={(event) => {
        event.preventDefault(); // the address stays as it is
        document.getElementById(MAIN_ID)?.focus();
      }}
      sx={{
        position: "fixed",
        top: 4,
        left: 4,
        zIndex: "tooltip",
        "&:not(:focus)": { transform: "translateY(-200%)" },
      }}
    >
      {t("frame.skip")}
    </Button>
  );
}

function Demo() {
  const t = useWords();
  return (
    <Chip
      size="small"
      label={t("frame.demo")}
      title={t("frame.demoHint")}
      sx={{ backgroundColor: "#ffd54a", color: "#23211e", fontWeight: 700, letterSpacing: 1 }}
    />
  );
}

function PaletteButton({ onClick }: { onClick: () => void }) {
  const t = useWords();
  return (
    <Button
      color="inherit"
      title={t("frame.palette")}
      aria-haspopup="dialog"
      onClick={onClick}
      sx={{ minWidth: 44, minHeight: 44, color: "text.secondary", gap: 0.5 }}
    >
      <SearchIcon fontSize="small" />
      <Hidden>{t("frame.palette")}</Hidden>
      <Box component="span" sx={{ display: { xs: "none", lg: "inline" } }}>
        <Keys keys={paletteKeys()} />
      </Box>
    </Button>
  );
}
