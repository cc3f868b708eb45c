import Avatar from "@mui/material/Avatar";
import Button from "@mui/material/Button";
import Divider from "@mui/material/Divider";
import ListItem from "@mui/material/ListItem";
import ListItemText from "@mui/material/ListItemText";
import Menu from "@mui/material/Menu";
import MenuItem from "@mui/material/MenuItem";
import { useColorScheme } from "@mui/material/styles";
import { useState } from "react";
import { Link } from "react-router";
import type { Me } from "../../api/queries";
import { MoonIcon, PersonIcon, SunIcon } from "../../components/icons";
import { messages, roleWords } from "../../messages";

const MODES = ["system", "light", "dark"] as const;

/** Who is logged in; the pages about oneself, theme and logout. */
export function UserMenu({ me }: { me: Me }) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const { mode, setMode } = useColorScheme();
  const { user } = me;
  const pages = [
    { to: "/tokens", text: messages.tokens.title },
    { to: "/device", text: messages.device.title },
    ...(user.role === "admin" ? [{ to: "/admin", text: messages.admin.title }] : []),
    { to: "/api-docs", text: messages.apiDocs },
  ];
  return (
    <>
      <Button
        color="inherit"
        startIcon={
          <Avatar
            alt=""
            {...(user.picture !== null && { src: user.picture })}
            slotProps={{ img: { referrerPolicy: "no-referrer" } }}
            sx={{ width: 28, height: 28 }}
          >
            <PersonIcon fontSize="small" />
          </Avatar>
        }
        aria-haspopup="menu"
        aria-expanded={anchor !== null}
        onClick={(event) => setAnchor(event.currentTarget)}
        sx={{ textTransform: "none", minWidth: 0, maxWidth: 240 }}
      >
        <span style={{ overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>{user.shown_name}</span>
      </Button>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
        <ListItem component="div" sx={{ pt: 0 }}>
          <ListItemText primary={user.email ?? user.name} secondary={roleWords[user.role]} />
        </ListItem>
        <Divider component="div" />
        {pages.map((page) => (
          <MenuItem key={page.to} component={Link} to={page.to} onClick={() => setAnchor(null)}>
            {page.text}
          </MenuItem>
        ))}
        <Divider component="div" />
        {MODES.map((each) => (
          <MenuItem key={each} selected={mode === each} onClick={() => setMode(each)} sx={{ gap: 1 }}>
            {each === "dark" ? <MoonIcon fontSize="small" /> : <SunIcon fontSize="small" />}
            {messages.theme[each]}
          </MenuItem>
        ))}
        <Divider component="div" />
        <form method="post" action="/-/logout">
          <input type="hidden" name="csrf_token" value={me.csrf_token ?? ""} />
          <MenuItem component="button" type="submit" sx={{ width: "100%" }}>
            {messages.logOut}
          </MenuItem>
          <MenuItem component="button" type="submit" name="everywhere" value="1" sx={{ width: "100%" }}>
            {messages.logOutEverywhere}
          </MenuItem>
        </form>
      </Menu>
    </>
  );
}
