import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogContentText from "@mui/material/DialogContentText";
import DialogTitle from "@mui/material/DialogTitle";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import { type FormEvent, useId, useState } from "react";
import { useWords } from "../../words/Words";
import type { Person, Quota } from "./queries";

const KINDS = ["containers", "gpus"] as const;

type Props = { person: Person; onSet: (quota: Quota | null) => void; onClose: () => void };

/** How much one person may hold at once; an empty field is no limit. */
export function QuotaDialog({ person, onSet, onClose }: Props) {
  const t = useWords();
  const id = useId();
  const [typed, setTyped] = useState({
    containers: String(person.quota.containers ?? ""),
    gpus: String(person.quota.gpus ?? ""),
  });
  const limit = (text: string) => (text === "" ? null : Number(text));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSet({ containers: limit(typed.containers), gpus: limit(typed.gpus) });
  };
  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="xs" aria-labelledby={id}>
      <form onSubmit={submit}>
        <DialogTitle id={id} sx={{ overflowWrap: "anywhere" }}>
          {t("admin.people.quotaTitle", { name: person.name })}
        </DialogTitle>
        <DialogContent>
          <DialogContentText sx={{ mb: 2 }}>{t("admin.people.quotaText")}</DialogContentText>
          <Stack spacing={2}>
            {KINDS.map((kind) => (
              <TextField
                key={kind}
                type="number"
                label={t(`admin.people.kind.${kind}`)}
                value={typed[kind]}
                onChange={(event) => setTyped({ ...typed, [kind]: event.target.value })}
                slotProps={{ htmlInput: { min: 0, max: 1_000_000, step: 1 } }}
              />
            ))}
          </Stack>
        </DialogContent>
        <DialogActions sx={{ flexWrap: "wrap" }}>
          <Button onClick={() => onSet(null)} disabled={person.own_quota === null} sx={{ mr: "auto" }}>
            {t("admin.people.usual")}
          </Button>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" variant="contained">
            {t("admin.people.quotaSet")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
