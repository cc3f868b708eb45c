import CloseIcon from "@mui/icons-material/Close";
import IconButton from "@mui/material/IconButton";
import { useWords } from "../../words/Words";

/** Puts a message away. */
export function Close({ onClick }: { onClick: () => void }) {
  const t = useWords();
  return (
    <IconButton color="inherit" aria-label={t("common.close")} onClick={onClick} sx={{ width: 44, height: 44 }}>
      <CloseIcon />
    </IconButton>
  );
}
