import CloseIcon from "@mui/icons-material/Close";
import IconButton from "@mui/material/IconButton";
import { useWords } from "../words/Words";

/** The cross in a dialog's corner. */
export function CloseButton({ onClick }: { onClick: () => void }) {
  const t = useWords();
  return (
    <IconButton
      aria-label={t("common.close")}
      onClick={onClick}
      sx={{ position: "absolute", top: 8, right: 8, width: 44, height: 44 }}
    >
      <CloseIcon />
    </IconButton>
  );
}
