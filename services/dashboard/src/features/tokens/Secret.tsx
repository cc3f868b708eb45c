import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import { useRef, useState } from "react";
import { messages } from "../../messages";

const words = messages.tokens;

/** What is shown once: a token's secret, with a button that copies it. */
export function Secret({ secret }: { secret: string }) {
  const field = useRef<HTMLInputElement>(null);
  const [said, setSaid] = useState("");

  const copy = async () => {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(secret); // missing without TLS, and a browser may refuse
      setSaid(words.copied);
    } catch {
      setSaid(words.copyByHand);
    }
  };

  return (
    <Stack spacing={2}>
      <Alert severity="warning">{words.once}</Alert>
      <TextField
        fullWidth
        label={words.secret}
        value={secret}
        inputRef={field}
        onFocus={(event) => event.target.select()}
        helperText={<output>{said || " "}</output>}
        slotProps={{ htmlInput: { readOnly: true, spellCheck: false, style: { fontFamily: "monospace" } } }}
      />
      <Button variant="outlined" onClick={copy} autoFocus sx={{ alignSelf: "flex-start" }}>
        {words.copy}
      </Button>
    </Stack>
  );
}
