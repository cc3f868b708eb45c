import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { useState } from "react";
import { useSearchParams } from "react-router";
import { PageTitle } from "../../components/PageTitle";
import { useWords } from "../../words/Words";
import { DeviceLogin } from "./DeviceLogin";
import { codeOf } from "./queries";

/** Lets a program in that cannot show a login page: its code is typed here, or comes with the address. */
export function DevicePage() {
  const t = useWords();
  const [search, setSearch] = useSearchParams();
  const given = search.get("user_code") ?? search.get("code");
  const code = given === null ? null : codeOf(given);
  return (
    <Stack spacing={2} sx={{ maxWidth: 600 }}>
      <PageTitle>{t("device.title")}</PageTitle>
      {code === null ? (
        <CodeForm wrong={given !== null} onCode={(typed) => setSearch({ user_code: typed })} />
      ) : (
        <DeviceLogin key={code} code={code} onOther={() => setSearch({})} />
      )}
    </Stack>
  );
}

function CodeForm({ wrong, onCode }: { wrong: boolean; onCode: (typed: string) => void }) {
  const t = useWords();
  const [typed, setTyped] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onCode(codeOf(typed) ?? typed);
      }}
    >
      <Stack spacing={2} sx={{ alignItems: "flex-start" }}>
        <Typography>{t("device.ask")}</Typography>
        <TextField
          autoFocus
          required
          label={t("device.code")}
          placeholder="ABCD-EFGH"
          error={wrong}
          helperText={wrong ? t("device.wrongCode") : " "}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          slotProps={{
            htmlInput: {
              autoComplete: "off",
              autoCapitalize: "characters",
              spellCheck: false,
              translate: "no",
              maxLength: 16,
            },
            inputLabel: { shrink: true },
          }}
        />
        <Button type="submit" variant="contained" disabled={typed.trim() === ""}>
          {t("device.go")}
        </Button>
      </Stack>
    </form>
  );
}
