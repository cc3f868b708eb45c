import Checkbox from "@mui/material/Checkbox";
import FormControlLabel from "@mui/material/FormControlLabel";
import { useWords } from "../../words/Words";
import { useNewTab } from "./tabs";

/** Where JupyterLab opens, remembered in this browser. */
export function NewTab() {
  const t = useWords();
  const [on, choose] = useNewTab();
  return (
    <FormControlLabel
      control={<Checkbox checked={on} onChange={(_, checked) => choose(checked)} />}
      label={t("start.tab")}
    />
  );
}
