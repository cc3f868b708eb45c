import KeyboardIcon from "@mui/icons-material/KeyboardOutlined";
import LogoutIcon from "@mui/icons-material/Logout";
import Avatar from "@mui/material/Avatar";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Divider from "@mui/material/Divider";
import ListItemIcon from "@mui/material/ListItemIcon";
import MenuItem from "@mui/material/MenuItem";
import MenuList from "@mui/material/MenuList";
import Popover from "@mui/material/Popover";
import type SvgIcon from "@mui/material/SvgIcon";
import Typography from "@mui/material/Typography";
import { useId, useState } from "react";
import { Link } from "react-router";
import type { Me } from "../../api/queries";
import { type Key, useWords } from "../../words/Words";
import { LanguageChoice, ThemeChoice } from "./Choices";

type Page = { to: string; name: Key; icon: typeof SvgIcon };
type Props = { me: Me; pages: readonly Page[]; onKeys: () => void };

/** Who is logged in; the pages about oneself, theme, language and logout. */
export function UserMenu({ me, pages, onKeys }: Props) {
  const t = useWords();
  const form = useId();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const close = () => setAnchor(null);
  const { user } = me;
  const under = user.email ?? user.name;
  return (
    <>
      <Button
        color="inherit"
        startIcon={<Initials name={user.shown_name} />}
        aria-label={t("frame.account", { name: user.shown_name })}
        aria-haspopup="menu"
        aria-expanded={anchor !== null}
        onClick={(event) => setAnchor(event.currentTarget)}
        sx={{ minWidth: 44, minHeight: 44, maxWidth: 240, "& .MuiButton-startIcon": { mr: { xs: 0, sm: 1 } } }}
      >
        <Box component="span" translate="no" sx={{ display: { xs: "none", sm: "inline" }, ...ELLIPSIS }}>
          {user.shown_name}
        </Box>
      </Button>
      <Popover
        open={anchor !== null}
        anchorEl={anchor}
        onClose={close}
        anchorOrigin={{ vertical: "bottom", horizontal: "right" }}
        transformOrigin={{ vertical: "top", horizontal: "right" }}
        slotProps={{ paper: { sx: { minWidth: 240, maxWidth: "calc(100vw - 32px)" } } }}
      >
        <Box translate="no" sx={{ px: 2, pt: 1.5, pb: 1, overflowWrap: "anywhere" }}>
          <Typography>{user.shown_name}</Typography>
          {under !== user.shown_name && (
            <Typography variant="body2" color="textSecondary">
              {under}
            </Typography>
          )}
          <Typography variant="body2" color="textSecondary">
            {t(`common.role.${user.role}`)}
          </Typography>
        </Box>
        <form id={form} method="post" action="/-/logout">
          <input type="hidden" name="csrf_token" value={me.csrf_token ?? ""} />
        </form>
        <MenuList
          autoFocusItem={anchor !== null}
          aria-label={t("frame.account", { name: user.shown_name })}
          onKeyDown={(event) => event.key === "Tab" && close()}
          sx={{ pt: 0, "& .MuiMenuItem-root": { minHeight: { xs: 44, sm: 36 } } }}
        >
          <Divider component="li" sx={{ mb: 1 }} />
          {pages.map(({ to, name, icon: Icon }) => (
            <MenuItem key={to} component={Link} to={to} onClick={close}>
              <ListItemIcon>
                <Icon fontSize="small" />
              </ListItemIcon>
              {t(name)}
            </MenuItem>
          ))}
          <MenuItem
            onClick={() => {
              close();
              onKeys();
            }}
          >
            <ListItemIcon>
              <KeyboardIcon fontSize="small" />
            </ListItemIcon>
            {t("frame.keys")}
          </MenuItem>
          <ThemeChoice />
          <LanguageChoice />
          <Divider component="li" />
          <MenuItem component="button" type="submit" form={form} sx={{ width: "100%" }}>
            <ListItemIcon>
              <LogoutIcon fontSize="small" />
            </ListItemIcon>
            {t("frame.logOut")}
          </MenuItem>
          <MenuItem component="button" type="submit" form={form} name="everywhere" value="1" sx={{ width: "100%" }}>
            <ListItemIcon />
            {t("frame.logOutEverywhere")}
          </MenuItem>
        </MenuList>
      </Popover>
    </>
  );
}

const ELLIPSIS = { overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" } as const;

const LETTERS = {
  width: 28,
  height: 28,
  fontSize: "0.8rem !important",
  backgroundColor: "primary.main",
  color: "primary.contrastText",
};

/** Stands for a person; a picture would be asked for at the login's provider, who need not know. */
function Initials({ name }: { name: string }) {
  const words = name.split(/[\s._-]+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map(
    (word) => Array.from(word ?? "")[0] ?? "",
  );
  return (
    <Avatar translate="no" aria-hidden sx={LETTERS}>
      {letters.join("").toUpperCase()}
    </Avatar>
  );
}
