import Button from "@mui/material/Button";
import Menu from "@mui/material/Menu";
import MenuItem from "@mui/material/MenuItem";
import { useColorScheme } from "@mui/material/styles";
import { useState } from "react";
import { MoonIcon, PersonIcon, SunIcon } from "../../components/icons";
import { messages } from "../../messages";

const MODES = ["system", "light", "dark"] as const;

/** Who is logged in; theme and logout. */
export function UserMenu({ shownName }: { shownName: string }) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const { mode, setMode } = useColorScheme();
  return (
    <>
      <Button
        color="inherit"
        startIcon={<PersonIcon />}
        aria-haspopup="menu"
        aria-expanded={anchor !== null}
        onClick={(event) => setAnchor(event.currentTarget)}
        sx={{ textTransform: "none", minWidth: 0, maxWidth: 240 }}
      >
        <span style={{ overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>{shownName}</span>
      </Button>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
        {MODES.map((each) => (
          <MenuItem key={each} selected={mode === each} onClick={() => setMode(each)} sx={{ gap: 1 }}>
            {each === "dark" ? <MoonIcon fontSize="small" /> : <SunIcon fontSize="small" />}
            {messages.theme[each]}
          </MenuItem>
        ))}
        <form method="post" action="/-/logout">
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
