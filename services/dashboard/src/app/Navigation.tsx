import MenuIcon from "@mui/icons-material/Menu";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Drawer from "@mui/material/Drawer";
import IconButton from "@mui/material/IconButton";
import List from "@mui/material/List";
import ListItem from "@mui/material/ListItem";
import ListItemButton from "@mui/material/ListItemButton";
import ListItemIcon from "@mui/material/ListItemIcon";
import ListItemText from "@mui/material/ListItemText";
import { useState } from "react";
import { NavLink } from "react-router";
import { useWords } from "../words/Words";
import type { Place } from "./places";

const HERE = "&[aria-current='page']";

/** The pages side by side, where there is room. */
export function Navigation({ places }: { places: readonly Place[] }) {
  const t = useWords();
  return (
    <Box component="nav" aria-label={t("frame.pages")} sx={{ display: { xs: "none", md: "flex" }, gap: 0.5 }}>
      {places.map(({ to, name, icon: Icon }) => (
        <Button
          key={to}
          component={NavLink}
          to={to}
          end={to === "/"}
          color="inherit"
          startIcon={<Icon />}
          sx={{
            px: 1.25,
            color: "text.secondary",
            whiteSpace: "nowrap",
            [HERE]: { color: "primary.main", backgroundColor: "action.selected" },
          }}
        >
          {t(name)}
        </Button>
      ))}
    </Box>
  );
}

/** The same behind a button, where there is none. */
export function NavigationMenu({ places }: { places: readonly Place[] }) {
  const t = useWords();
  const [open, setOpen] = useState(false);
  return (
    <>
      <IconButton
        edge="start"
        aria-label={t("frame.menu")}
        aria-expanded={open}
        onClick={() => setOpen(true)}
        sx={{ display: { md: "none" }, width: 44, height: 44 }}
      >
        <MenuIcon />
      </IconButton>
      <Drawer open={open} onClose={() => setOpen(false)} slotProps={{ paper: { "aria-label": t("frame.menu") } }}>
        <List component="nav" aria-label={t("frame.pages")} sx={{ width: 260, maxWidth: "80vw" }}>
          {places.map(({ to, name, icon: Icon }) => (
            <ListItem key={to} disablePadding component="div">
              <ListItemButton
                component={NavLink}
                to={to}
                end={to === "/"}
                onClick={() => setOpen(false)}
                sx={{ minHeight: 48, [HERE]: { color: "primary.main", backgroundColor: "action.selected" } }}
              >
                <ListItemIcon sx={{ color: "inherit", minWidth: 40 }}>
                  <Icon />
                </ListItemIcon>
                <ListItemText primary={t(name)} />
              </ListItemButton>
            </ListItem>
          ))}
        </List>
      </Drawer>
    </>
  );
}
