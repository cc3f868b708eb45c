import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { meQuery } from "../../api/queries";
import { ExpirySelect } from "../../components/ExpirySelect";
import { Problem } from "../../components/Problem";
import { ScopeChoice } from "../../components/Scopes";
import { useWords } from "../../words/Words";
import { createMutation, type TokenWish } from "./queries";
import { Secret } from "./Secret";

const USUAL: TokenWish = { label: "", scopes: ["read"], expires_in_days: 90 };

/** Makes a token, and shows its secret this one time. */
export function CreateDialog({ onClose }: { onClose: () => void }) {
  const t = useWords();
  const id = useId();
  const me = useQuery(meQuery());
  const create = useMutation(createMutation(useQueryClient()));
  const [wish, setWish] = useState(USUAL);
  if (create.data) {
    return (
      <Dialog open fullWidth maxWidth="sm" aria-labelledby={id}>
        <DialogTitle id={id}>{t("tokens.madeTitle", { label: create.data.label })}</DialogTitle>
        <DialogContent>
          <Secret secret={create.data.token} />
        </DialogContent>
        <DialogActions>
          <Button variant="contained" onClick={onClose}>
            {t("tokens.kept")}
          </Button>
        </DialogActions>
      </Dialog>
    );
  }
  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="sm" aria-labelledby={id}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate({ ...wish, label: wish.label.trim() });
        }}
      >
        <DialogTitle id={id}>{t("tokens.create")}</DialogTitle>
        <DialogContent>
          <Stack spacing={2} sx={{ pt: 1 }}>
            <TextField
              autoFocus
              required
              label={t("common.tokens.label")}
              helperText={t("tokens.labelHint")}
              value={wish.label}
              onChange={(event) => setWish({ ...wish, label: event.target.value })}
              slotProps={{ htmlInput: { maxLength: 64 } }}
            />
            <ScopeChoice
              chosen={wish.scopes}
              admin={me.data?.user.role === "admin"}
              onChange={(scopes) => setWish({ ...wish, scopes })}
            />
            <ExpirySelect
              days={wish.expires_in_days}
              onChange={(expires_in_days) => setWish({ ...wish, expires_in_days })}
            />
            {create.isError && <Problem error={create.error} />}
          </Stack>
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button
            type="submit"
            variant="contained"
            disabled={create.isPending || wish.scopes.length === 0 || wish.label.trim() === ""}
          >
            {t("tokens.createConfirm")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
