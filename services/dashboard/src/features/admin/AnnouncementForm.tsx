import Button from "@mui/material/Button";
import MenuItem from "@mui/material/MenuItem";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { type Me, meQuery } from "../../api/queries";
import { Loaded } from "../../components/Loaded";
import { Moment } from "../../components/Moment";
import { Problem } from "../../components/Problem";
import { messages } from "../../messages";
import { announceMutation } from "./queries";

const words = messages.admin.announcement;
const LEVELS = ["info", "warning"] as const;

type Current = Me["announcement"];

/** The sentence above every page. */
export function AnnouncementForm() {
  const me = useQuery(meQuery());
  return (
    <Loaded query={me}>{({ announcement }) => <Form key={announcement?.at ?? "none"} current={announcement} />}</Loaded>
  );
}

/** A time as the browser's field for it reads and writes: local, to the minute. */
function local(at: string | null): string {
  if (at === null) return "";
  const moment = new Date(at);
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function Form({ current }: { current: Current }) {
  const announce = useMutation(announceMutation(useQueryClient()));
  const [text, setText] = useState(current?.text ?? "");
  const [level, setLevel] = useState<(typeof LEVELS)[number]>(current?.level ?? "info");
  const [ends, setEnds] = useState(local(current?.ends_at ?? null));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    announce.mutate({ text: text.trim(), level, ends_at: ends === "" ? null : new Date(ends).toISOString() });
  };
  return (
    <Stack component="form" spacing={2} onSubmit={submit} sx={{ maxWidth: 600 }}>
      {current && (
        <Typography color="textSecondary">
          {words.by(current.by)} <Moment at={current.at} />
        </Typography>
      )}
      <TextField
        required
        multiline
        minRows={2}
        label={words.text}
        helperText={words.textHint}
        value={text}
        onChange={(event) => setText(event.target.value)}
        slotProps={{ htmlInput: { maxLength: 500 } }}
      />
      <TextField
        select
        label={words.level}
        value={level}
        onChange={(event) => setLevel(event.target.value === "warning" ? "warning" : "info")}
      >
        {LEVELS.map((each) => (
          <MenuItem key={each} value={each}>
            {words.levels[each]}
          </MenuItem>
        ))}
      </TextField>
      <TextField
        type="datetime-local"
        label={words.ends}
        helperText={words.endsHint}
        value={ends}
        onChange={(event) => setEnds(event.target.value)}
        slotProps={{ inputLabel: { shrink: true } }}
      />
      {announce.isError && <Problem error={announce.error} />}
      <Stack direction="row" spacing={1}>
        <Button type="submit" variant="contained" disabled={announce.isPending || text.trim() === ""}>
          {words.announce}
        </Button>
        {current && (
          <Button color="error" onClick={() => announce.mutate(null)} disabled={announce.isPending}>
            {words.remove}
          </Button>
        )}
      </Stack>
    </Stack>
  );
}
