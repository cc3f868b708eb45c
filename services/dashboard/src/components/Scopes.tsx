import Checkbox from "@mui/material/Checkbox";
import FormControl from "@mui/material/FormControl";
import FormControlLabel from "@mui/material/FormControlLabel";
import FormLabel from "@mui/material/FormLabel";
import List from "@mui/material/List";
import ListItem from "@mui/material/ListItem";
import ListItemText from "@mui/material/ListItemText";
import type { Scope } from "../api/queries";
import { useWords } from "../words/Words";

const ALL: readonly Scope[] = ["read", "containers", "admin"];

/** What a token will be allowed to do, to be chosen; `admin` offers what only admins can give. */
export function ScopeChoice({
  chosen,
  admin,
  onChange,
}: {
  chosen: readonly Scope[];
  admin: boolean;
  onChange: (scopes: Scope[]) => void;
}) {
  const t = useWords();
  const offered = ALL.filter((scope) => admin || scope !== "admin");
  return (
    <FormControl component="fieldset">
      <FormLabel component="legend">{t("common.tokens.scopesAsk")}</FormLabel>
      {offered.map((scope) => (
        <FormControlLabel
          key={scope}
          control={<Checkbox checked={chosen.includes(scope)} />}
          label={
            <>
              <strong>{t(`common.scope.${scope}`)}</strong> — {t(`common.scope.${scope}.text`)}
            </>
          }
          onChange={(_, checked) =>
            onChange(offered.filter((each) => (each === scope ? checked : chosen.includes(each))))
          }
        />
      ))}
    </FormControl>
  );
}

/** What a token will be allowed to do, in plain sentences. */
export function ScopeList({ scopes }: { scopes: readonly Scope[] }) {
  const t = useWords();
  return (
    <List dense disablePadding aria-label={t("common.tokens.scopes")}>
      {scopes.map((scope) => (
        <ListItem key={scope} disableGutters>
          <ListItemText primary={t(`common.scope.${scope}`)} secondary={t(`common.scope.${scope}.text`)} />
        </ListItem>
      ))}
    </List>
  );
}
