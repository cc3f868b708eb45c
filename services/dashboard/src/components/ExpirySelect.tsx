import MenuItem from "@mui/material/MenuItem";
import TextField from "@mui/material/TextField";
import { messages } from "../messages";

const DAYS = [7, 30, 90, 365];

/** How long a token is good for, in days. */
export function ExpirySelect({ days, onChange }: { days: number; onChange: (days: number) => void }) {
  return (
    <TextField
      select
      label={messages.tokens.expiry}
      value={days}
      onChange={(event) => onChange(Number(event.target.value))}
    >
      {DAYS.map((each) => (
        <MenuItem key={each} value={each}>
          {messages.tokens.days(each)}
        </MenuItem>
      ))}
    </TextField>
  );
}
