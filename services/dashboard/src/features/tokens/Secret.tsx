import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import { useRef, useState } from "react";
import { useWords } from "../../words/Words";

/** What is shown once: a token's secret, with a button that copies it. */
export function Secret({ secret }: { secret: string }) {
  const t = useWords();
  const field = useRef<HTMLInputElement>(null);
  const [said, setSaid] = useState("");

  const copy = async () => {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(secret); // missing without TLS, and a browser may refuse
      setSaid(t("tokens.copied"));
    } catch {
      setSaid(t("tokens.copyByHand"));
    }
  };

  return (
    <Stack spacing={2}>
      <Alert severity="warning">{t("tokens.once")}</Alert>
      <TextField
        fullWidth
        label={t("tokens.secret")}
        value={secret}
        inputRef={field}
        onFocus={(event) => event.target.select()}
        helperText={<output>{said || " "}</output>}
        slotProps={{ htmlInput: { readOnly: true, spellCheck: false, style: { fontFamily: "monospace" } } }}
      />
      <Button variant="outlined" onClick={copy} autoFocus sx={{ alignSelf: "flex-start" }}>
        {t("tokens.copy")}
      </Button>
    </Stack>
  );
}
