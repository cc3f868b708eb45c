import AppBar from "@mui/material/AppBar";
import Box from "@mui/material/Box";
import Chip from "@mui/material/Chip";
import Container from "@mui/material/Container";
import Link from "@mui/material/Link";
import Skeleton from "@mui/material/Skeleton";
import Toolbar from "@mui/material/Toolbar";
import { useQuery } from "@tanstack/react-query";
import { Suspense } from "react";
import { Outlet, Link as RouterLink, useLocation } from "react-router";
import { meQuery } from "../api/queries";
import { Announcement } from "../features/session/Announcement";
import { UserMenu } from "../features/session/UserMenu";
import { messages } from "../messages";
import { ErrorBoundary } from "./ErrorBoundary";

/** The frame of every page. */
export function Layout() {
  const me = useQuery(meQuery());
  const { pathname } = useLocation();
  return (
    <>
      <AppBar
        position="sticky"
        color="inherit"
        elevation={0}
        sx={{ borderBottom: 1, borderColor: "divider", backgroundColor: "background.paper" }}
      >
        <Toolbar variant="dense" sx={{ gap: 1.5 }}>
          <Link component={RouterLink} to="/" underline="none" variant="h6">
            {messages.appName}
          </Link>
          {me.data?.demo && (
            <Chip
              size="small"
              label={messages.demo}
              title={messages.demoHint}
              sx={{ backgroundColor: "#ffd54a", color: "#23211e", fontWeight: 700, letterSpacing: 1 }}
            />
          )}
          <Box sx={{ flexGrow: 1 }} />
          {me.data && <UserMenu me={me.data} />}
        </Toolbar>
      </AppBar>
      <Container component="main" maxWidth="xl" sx={{ py: 2 }}>
        {me.data?.announcement && <Announcement announcement={me.data.announcement} />}
        <ErrorBoundary key={pathname.split("/")[1]}>
          <Suspense fallback={<Skeleton variant="rounded" height={96} aria-label={messages.loading} />}>
            <Outlet />
          </Suspense>
        </ErrorBoundary>
      </Container>
    </>
  );
}
