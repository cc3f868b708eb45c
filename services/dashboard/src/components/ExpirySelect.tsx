import MenuItem from "@mui/material/MenuItem";
import TextField from "@mui/material/TextField";
import { useWords } from "../words/Words";

const DAYS = [7, 30, 90, 365];

/** How long a token is good for, in days. */
export function ExpirySelect({ days, onChange }: { days: number; onChange: (days: number) => void }) {
  const t = useWords();
  return (
    <TextField
      select
      label={t("common.tokens.expiry")}
      value={days}
      onChange={(event) => onChange(Number(event.target.value))}
    >
      {DAYS.map((each) => (
        <MenuItem key={each} value={each}>
          {t("common.tokens.expiryDays", { days: each })}
        </MenuItem>
      ))}
    </TextField>
  );
}
