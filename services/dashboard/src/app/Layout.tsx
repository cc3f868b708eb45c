import AppBar from "@mui/material/AppBar";
import Box from "@mui/material/Box";
import Chip from "@mui/material/Chip";
import Container from "@mui/material/Container";
import Link from "@mui/material/Link";
import Toolbar from "@mui/material/Toolbar";
import { useQuery } from "@tanstack/react-query";
import { Outlet, Link as RouterLink } from "react-router";
import { sessionQuery } from "../features/session/queries";
import { UserMenu } from "../features/session/UserMenu";
import { messages } from "../messages";

/** The frame of every page. */
export function Layout() {
  const session = useQuery(sessionQuery());
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
          {session.data?.demo && (
            <Chip
              size="small"
              label={messages.demo}
              title={messages.demoHint}
              sx={{ backgroundColor: "#ffd54a", color: "#23211e", fontWeight: 700, letterSpacing: 1 }}
            />
          )}
          <Box sx={{ flexGrow: 1 }} />
          {session.data && <UserMenu shownName={session.data.user.shown_name} />}
        </Toolbar>
      </AppBar>
      <Container component="main" maxWidth="xl" sx={{ py: 2 }}>
        <Outlet />
      </Container>
    </>
  );
}
