import Typography from "@mui/material/Typography";
import { useSecondsSince } from "../../api/clock";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";

/** How old what is shown is, from when it came, in milliseconds. */
export function AsOf({ since }: { since: number }) {
  const t = useWords();
  const f = useFormat();
  const age = useSecondsSince(since);
  return (
    <Typography variant="body2" color="textSecondary">
      {t("containers.asOf", { age: f.duration(age) })}
    </Typography>
  );
}
