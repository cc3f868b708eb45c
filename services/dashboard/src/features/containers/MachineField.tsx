import Autocomplete, { createFilterOptions } from "@mui/material/Autocomplete";
import Box from "@mui/material/Box";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { CheckIcon, WarnIcon } from "../../components/icons";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";
import { useFit } from "./Fit";
import { whyKey } from "./offers";
import type { Explanation, Wish } from "./queries";

type Verdict = Explanation["machines"][number];

const ANY = ""; // no machine has no name
const SHOWN = 100; // of a thousand, whoever wants another one types
const filtered = createFilterOptions<string>({ limit: SHOWN });

type Props = { names: readonly string[]; wish: Wish; onChange: (machine: string | null) => void };

/** Where to start: on the best machine, or on one of them, each with how long it takes or why it does not fit. */
export function MachineField({ names, wish, onChange }: Props) {
  const t = useWords();
  const { told } = useFit({ ...wish, machine: null });
  const verdicts = new Map(told?.machines.map((each) => [each.name, each]));
  const rank = (name: string) => (verdicts.get(name)?.misfit ? 1 : 0);
  const sorted = [...names].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
  const label = (name: string) => (name === ANY ? t("start.any") : name);
  return (
    <Autocomplete
      disableClearable
      options={[ANY, ...sorted]}
      value={wish.machine ?? ANY}
      onChange={(_, name) => onChange(name === ANY ? null : name)}
      getOptionLabel={label}
      filterOptions={filtered}
      renderInput={(params) => <TextField {...params} label={t("start.machine")} />}
      renderOption={({ key, ...props }, name) => (
        <li key={key} {...props}>
          <Box sx={{ minWidth: 0 }}>
            <Box sx={{ overflowWrap: "anywhere" }}>{label(name)}</Box>
            <Verdict verdict={name === ANY ? told && best(told) : verdicts.get(name)} />
          </Box>
        </li>
      )}
    />
  );
}

/** What the best machine is, and how long it takes there; null: it fits nowhere. */
const best = (told: Explanation): Verdict | null =>
  told.machines.find((each) => told.fits && each.name === told.machine) ?? null;

function Verdict({ verdict }: { verdict: Verdict | null | undefined }) {
  const t = useWords();
  const f = useFormat();
  if (!verdict) return null;
  const { misfit, predicted_seconds: seconds, name } = verdict;
  const fits =
    seconds === null ? t("start.fits", { machine: name }) : t("start.in", { time: f.duration(Math.max(1, seconds)) });
  return (
    <Typography
      variant="caption"
      color={misfit ? "textSecondary" : "success"}
      sx={{ display: "flex", gap: 0.5, alignItems: "center" }}
    >
      {misfit ? <WarnIcon fontSize="inherit" /> : <CheckIcon fontSize="inherit" />}
      {misfit ? t(whyKey(misfit.rule)) : fits}
    </Typography>
  );
}
