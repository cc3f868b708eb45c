import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import MenuItem from "@mui/material/MenuItem";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { type Me, meQuery } from "../../api/queries";
import { Loaded } from "../../components/Loaded";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";
import { Outcome } from "./Outcome";
import { type AnnouncementWish, announceMutation } from "./queries";

const LEVELS = ["info", "warning"] as const;

type Current = Me["announcement"];

/** The sentence above every page. */
export function AnnouncementForm() {
  const me = useQuery(meQuery());
  const announce = useMutation(announceMutation(useQueryClient()));
  return (
    <>
      <Outcome of={announce} />
      <Loaded query={me}>
        {({ announcement }) => (
          <Form
            key={announcement?.at ?? "none"}
            current={announcement}
            busy={announce.isPending}
            onAnnounce={announce.mutate}
          />
        )}
      </Loaded>
    </>
  );
}

/** A time as the browser's field for it reads and writes: local, to the minute. */
function local(at: string | null): string {
  if (at === null) return "";
  const moment = new Date(at);
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

type Props = { current: Current; busy: boolean; onAnnounce: (wish: AnnouncementWish | null) => void };

function Form({ current, busy, onAnnounce }: Props) {
  const t = useWords();
  const f = useFormat();
  const [text, setText] = useState(current?.text ?? "");
  const [level, setLevel] = useState<(typeof LEVELS)[number]>(current?.level ?? "info");
  const [ends, setEnds] = useState(local(current?.ends_at ?? null));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onAnnounce({ text: text.trim(), level, ends_at: ends === "" ? null : new Date(ends).toISOString() });
  };
  return (
    <Stack component="form" spacing={2} onSubmit={submit} sx={{ maxWidth: 600 }}>
      {current && (
        <Typography color="textSecondary">
          {t("admin.announcement.by", { admin: current.by, at: f.moment(current.at) })}
        </Typography>
      )}
      <TextField
        required
        multiline
        minRows={2}
        label={t("admin.announcement.text")}
        helperText={t("admin.announcement.textHint")}
        value={text}
        onChange={(event) => setText(event.target.value)}
        slotProps={{ htmlInput: { maxLength: 500 } }}
      />
      <TextField
        select
        label={t("admin.announcement.level")}
        value={level}
        onChange={(event) => setLevel(event.target.value === "warning" ? "warning" : "info")}
      >
        {LEVELS.map((each) => (
          <MenuItem key={each} value={each}>
            {t(`admin.announcement.level.${each}`)}
          </MenuItem>
        ))}
      </TextField>
      <TextField
        type="datetime-local"
        label={t("admin.announcement.ends")}
        helperText={t("admin.announcement.endsHint")}
        value={ends}
        onChange={(event) => setEnds(event.target.value)}
        slotProps={{ inputLabel: { shrink: true } }}
      />
      {text.trim() !== "" && (
        <section aria-label={t("admin.announcement.preview")}>
          <Typography variant="caption" color="textSecondary">
            {t("admin.announcement.preview")}
          </Typography>
          <Alert
            severity={level}
            variant="outlined"
            role="presentation"
            sx={{ whiteSpace: "pre-line", overflowWrap: "anywhere" }}
          >
            {text.trim()}
          </Alert>
        </section>
      )}
      <Stack direction="row" spacing={1}>
        <Button type="submit" variant="contained" disabled={busy || text.trim() === ""}>
          {t("admin.announcement.announce")}
        </Button>
        {current && (
          <Button color="error" onClick={() => onAnnounce(null)} disabled={busy}>
            {t("admin.announcement.remove")}
          </Button>
        )}
      </Stack>
    </Stack>
  );
}
