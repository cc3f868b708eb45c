import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogContentText from "@mui/material/DialogContentText";
import DialogTitle from "@mui/material/DialogTitle";
import { useId } from "react";
import { useWords } from "../words/Words";

type Props = {
  open: boolean;
  title: string;
  text: string;
  confirm: string;
  /** Of the button: `error`, the default, where something ends. */
  color?: "error" | "primary";
  onConfirm: () => void;
  onClose: () => void;
};

/** Asks once before something ends, or costs much. */
export function ConfirmDialog({ open, title, text, confirm, color = "error", onConfirm, onClose }: Props) {
  const id = useId();
  const t = useWords();
  return (
    <Dialog open={open} onClose={onClose} aria-labelledby={id}>
      <DialogTitle id={id}>{title}</DialogTitle>
      <DialogContent>
        <DialogContentText>{text}</DialogContentText>
      </DialogContent>
      <DialogActions>
        <Button onClick={onClose}>{t("common.cancel")}</Button>
        <Button variant="contained" color={color} onClick={onConfirm} autoFocus>
          {confirm}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
