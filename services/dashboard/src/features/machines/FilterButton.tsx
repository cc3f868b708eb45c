import FilterList from "@mui/icons-material/FilterList";
import Badge from "@mui/material/Badge";
import Button from "@mui/material/Button";
import Checkbox from "@mui/material/Checkbox";
import FormControl from "@mui/material/FormControl";
import FormControlLabel from "@mui/material/FormControlLabel";
import FormGroup from "@mui/material/FormGroup";
import FormLabel from "@mui/material/FormLabel";
import Popover from "@mui/material/Popover";
import Stack from "@mui/material/Stack";
import { useMemo, useState } from "react";
import { useWords } from "../../words/Words";
import { type Choice, modelsOf, STATES } from "./choosing";
import { shortModel } from "./gpuState";
import type { Machine } from "./queries";

type Props = { machines: readonly Machine[]; choice: Choice; onChoice: (choice: Choice) => void };

/** Which states and which GPU models. */
export function FilterButton({ machines, choice, onChoice }: Props) {
  const t = useWords();
  const [at, setAt] = useState<HTMLElement | null>(null);
  const models = useMemo(() => modelsOf(machines), [machines]);
  const count = choice.states.length + choice.models.length;
  const states = STATES.filter((state) => machines.some((machine) => machine.state === state));
  return (
    <>
      <Button
        color="inherit"
        size="small"
        startIcon={
          <Badge badgeContent={count} color="primary">
            <FilterList />
          </Badge>
        }
        aria-haspopup="dialog"
        aria-expanded={at !== null}
        aria-label={count > 0 ? t("machines.filterOn", { count }) : undefined}
        onClick={(event) => setAt(event.currentTarget)}
      >
        {t("machines.filter")}
      </Button>
      <Popover
        open={at !== null}
        anchorEl={at}
        onClose={() => setAt(null)}
        anchorOrigin={{ vertical: "bottom", horizontal: "left" }}
        slotProps={{ paper: { role: "dialog", "aria-label": t("machines.filter") } }}
      >
        <Stack direction="row" spacing={3} useFlexGap sx={{ p: 2, flexWrap: "wrap", maxWidth: 560 }}>
          <Boxes
            title={t("machines.filterState")}
            all={[...new Set([...states, ...choice.states])]}
            chosen={choice.states}
            word={(state) => t(`machines.state.${state}`)}
            onChange={(chosen) => onChoice({ ...choice, states: chosen })}
          />
          {models.length > 0 && (
            <Boxes
              title={t("machines.filterModel")}
              all={[...new Set([...models, ...choice.models])]}
              chosen={choice.models}
              word={shortModel}
              onChange={(chosen) => onChoice({ ...choice, models: chosen })}
            />
          )}
        </Stack>
      </Popover>
    </>
  );
}

type BoxesProps<T extends string> = {
  title: string;
  all: readonly T[];
  chosen: readonly T[];
  word: (value: T) => string;
  onChange: (chosen: T[]) => void;
};

function Boxes<T extends string>({ title, all, chosen, word, onChange }: BoxesProps<T>) {
  return (
    <FormControl component="fieldset" variant="standard">
      <FormLabel component="legend">{title}</FormLabel>
      <FormGroup>
        {all.map((value) => (
          <FormControlLabel
            key={value}
            label={word(value)}
            control={
              <Checkbox
                size="small"
                checked={chosen.includes(value)}
                onChange={(_, on) => onChange(all.filter((each) => (each === value ? on : chosen.includes(each))))}
              />
            }
          />
        ))}
      </FormGroup>
    </FormControl>
  );
}
