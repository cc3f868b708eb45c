import Typography from "@mui/material/Typography";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";
import { useNow } from "./useNow";

/** How old what is shown is, from when it came, in milliseconds. */
export function AsOf({ since }: { since: number }) {
  const t = useWords();
  const f = useFormat();
  const now = useNow(1_000);
  return (
    <Typography variant="body2" color="textSecondary">
      {t("containers.asOf", { age: f.duration((now - since) / 1000) })}
    </Typography>
  );
}
