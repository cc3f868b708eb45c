import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogContentText from "@mui/material/DialogContentText";
import DialogTitle from "@mui/material/DialogTitle";
import TextField from "@mui/material/TextField";
import { useId, useState } from "react";
import { useWords } from "../words/Words";

type Props = {
  title: string;
  text: string;
  confirm: string;
  onConfirm: (reason: string) => void;
  onClose: () => void;
};

/** Asks why, before something is taken from people. */
export function ReasonDialog({ title, text, confirm, onConfirm, onClose }: Props) {
  const id = useId();
  const t = useWords();
  const [reason, setReason] = useState("");
  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="xs" aria-labelledby={id}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onConfirm(reason.trim());
        }}
      >
        <DialogTitle id={id}>{title}</DialogTitle>
        <DialogContent>
          <DialogContentText sx={{ mb: 2 }}>{text}</DialogContentText>
          <TextField
            autoFocus
            required
            fullWidth
            label={t("common.reason")}
            helperText={t("common.reasonHint")}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
            slotProps={{ htmlInput: { maxLength: 200 } }}
          />
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" variant="contained" color="error" disabled={reason.trim() === ""}>
            {confirm}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
