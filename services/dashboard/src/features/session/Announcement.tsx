import Alert from "@mui/material/Alert";
import Typography from "@mui/material/Typography";
import type { Me } from "../../api/queries";
import { Moment } from "../../components/Moment";
import { Said } from "../../words/Words";

/** What an admin tells everybody, above every page. */
export function Announcement({ announcement }: { announcement: NonNullable<Me["announcement"]> }) {
  const { level, text, ends_at } = announcement;
  return (
    <Alert
      severity={level}
      variant="outlined"
      sx={{ mb: 2, whiteSpace: "pre-line", overflowWrap: "anywhere" }}
      role="status"
    >
      {text}
      {ends_at !== null && (
        <Typography variant="caption" component="p">
          <Said id="common.until" values={{ time: <Moment at={ends_at} /> }} />
        </Typography>
      )}
    </Alert>
  );
}
