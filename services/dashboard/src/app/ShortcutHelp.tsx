import Dialog from "@mui/material/Dialog";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import FormControlLabel from "@mui/material/FormControlLabel";
import FormHelperText from "@mui/material/FormHelperText";
import Switch from "@mui/material/Switch";
import Table from "@mui/material/Table";
import TableBody from "@mui/material/TableBody";
import TableCell from "@mui/material/TableCell";
import TableHead from "@mui/material/TableHead";
import TableRow from "@mui/material/TableRow";
import { useId } from "react";
import { CloseButton } from "../components/CloseButton";
import { Keys } from "../components/Keys";
import { useWords } from "../words/Words";
import { useKeyboard } from "./Keyboard";
import { paletteKeys } from "./paletteKeys";
import { mainPlaces } from "./places";

type Row = { keys: readonly string[]; does: string };

/** Every key of the dashboard, and the switch that silences the single ones. */
export function ShortcutHelp({ admin, onClose }: { admin: boolean; onClose: () => void }) {
  const id = useId();
  const t = useWords();
  const { singles, setSingles } = useKeyboard();
  const rows: Row[] = [
    { keys: paletteKeys(), does: t("frame.palette") },
    { keys: ["/"], does: t("frame.act.search") },
    { keys: ["n"], does: t("frame.act.start") },
    { keys: ["o"], does: t("frame.act.open") },
    ...mainPlaces(admin).flatMap(({ letter, name }) =>
      letter ? [{ keys: ["g", letter], does: t("frame.keys.goTo", { page: t(name) }) }] : [],
    ),
    { keys: ["?"], does: t("frame.keys.help") },
  ];
  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="xs" aria-labelledby={id}>
      <CloseButton onClick={onClose} />
      <DialogTitle id={id} sx={{ pr: 7 }}>
        {t("frame.keys")}
      </DialogTitle>
      <DialogContent>
        <FormControlLabel
          control={<Switch checked={singles} onChange={(_, wanted) => setSingles(wanted)} />}
          label={t("frame.keys.on")}
        />
        <FormHelperText sx={{ mb: 1 }}>{t("frame.keys.onHint")}</FormHelperText>
        <Table size="small" aria-labelledby={id}>
          <TableHead>
            <TableRow>
              <TableCell>{t("frame.keys.key")}</TableCell>
              <TableCell>{t("frame.keys.does")}</TableCell>
            </TableRow>
          </TableHead>
          <TableBody>
            {rows.map(({ keys, does }) => (
              <TableRow key={does}>
                <TableCell sx={{ whiteSpace: "nowrap" }}>
                  <Keys keys={keys} />
                </TableCell>
                <TableCell>{does}</TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </DialogContent>
    </Dialog>
  );
}
