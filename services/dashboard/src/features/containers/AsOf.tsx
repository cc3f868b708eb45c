import Typography from "@mui/material/Typography";
import { useAtTime } from "../../api/clock";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";

/** How old what is shown is, from when it came, in milliseconds. */
export function AsOf({ since }: { since: number }) {
  const t = useWords();
  const f = useFormat();
  const age = useAtTime(() => f.duration((Date.now() - since) / 1000)); // both are of this computer's clock
  return (
    <Typography variant="body2" color="textSecondary">
      {t("containers.asOf", { age })}
    </Typography>
  );
}
