import ArrowDownward from "@mui/icons-material/ArrowDownward";
import ArrowUpward from "@mui/icons-material/ArrowUpward";
import Check from "@mui/icons-material/Check";
import GridViewOutlined from "@mui/icons-material/GridViewOutlined";
import Search from "@mui/icons-material/Search";
import TableRowsOutlined from "@mui/icons-material/TableRowsOutlined";
import Chip from "@mui/material/Chip";
import IconButton from "@mui/material/IconButton";
import InputAdornment from "@mui/material/InputAdornment";
import MenuItem from "@mui/material/MenuItem";
import { styled } from "@mui/material/styles";
import TextField from "@mui/material/TextField";
import ToggleButton from "@mui/material/ToggleButton";
import ToggleButtonGroup from "@mui/material/ToggleButtonGroup";
import Tooltip from "@mui/material/Tooltip";
import { useWords } from "../../words/Words";
import { type Choice, SORTS, type Sort } from "./choosing";
import { FilterButton } from "./FilterButton";
import type { Preference, View } from "./preference";
import type { Machine } from "./queries";

const Bar = styled("div")({
  display: "flex",
  flexWrap: "wrap",
  gap: 8,
  alignItems: "center",
  margin: "14px 0 12px",
  "@media (pointer: coarse)": { "& button, & .MuiChip-root, & .MuiInputBase-root": { minHeight: 44, minWidth: 44 } },
});
const ICONS: Record<View, typeof Search> = { cards: GridViewOutlined, table: TableRowsOutlined };

type Props = {
  machines: readonly Machine[];
  choice: Choice;
  onChoice: (choice: Choice) => void;
  preference: Preference;
  onPreference: (preference: Preference) => void;
};

/** Which machines, in which order, and how. */
export function Toolbar({ machines, choice, onChoice, preference, onPreference }: Props) {
  const t = useWords();
  return (
    <Bar role="search" aria-label={t("machines.search")}>
      <TextField
        id="machines-search"
        type="search"
        size="small"
        label={t("machines.search")}
        placeholder={t("machines.searchHint")}
        value={choice.text}
        onChange={(event) => onChoice({ ...choice, text: event.target.value })}
        sx={{ flex: "1 1 260px", maxWidth: { sm: 420 } }}
        slotProps={{
          htmlInput: { "data-shortcut": "search", autoComplete: "off", spellCheck: false },
          input: {
            startAdornment: (
              <InputAdornment position="start">
                <Search fontSize="small" />
              </InputAdornment>
            ),
          },
        }}
      />
      <Toggle on={choice.freeGpu} onChange={(freeGpu) => onChoice({ ...choice, freeGpu })}>
        {t("machines.withFreeGpu")}
      </Toggle>
      <Toggle on={choice.mine} onChange={(mine) => onChoice({ ...choice, mine })}>
        {t("machines.mine")}
      </Toggle>
      <FilterButton machines={machines} choice={choice} onChoice={onChoice} />
      <TextField
        select
        id="machines-sort"
        size="small"
        label={t("machines.sort")}
        value={preference.sort}
        onChange={(event) => onPreference({ ...preference, sort: event.target.value as Sort, reversed: false })}
        sx={{ minWidth: 132, ml: "auto", flex: { xs: "1 1 auto", sm: "none" } }}
      >
        {SORTS.map((sort) => (
          <MenuItem key={sort} value={sort}>
            {t(`machines.sort.${sort}`)}
          </MenuItem>
        ))}
      </TextField>
      <Tooltip title={t("machines.reverse")}>
        <IconButton
          aria-label={t("machines.reverse")}
          aria-pressed={preference.reversed}
          onClick={() => onPreference({ ...preference, reversed: !preference.reversed })}
        >
          {preference.reversed ? <ArrowDownward /> : <ArrowUpward />}
        </IconButton>
      </Tooltip>
      <ToggleButtonGroup
        exclusive
        size="small"
        aria-label={t("machines.view")}
        value={preference.view}
        onChange={(_, view: View | null) => view && onPreference({ ...preference, view })}
      >
        {(["cards", "table"] as const).map((view) => {
          const Icon = ICONS[view];
          return (
            <ToggleButton key={view} value={view} aria-label={t(`machines.${view}`)} title={t(`machines.${view}`)}>
              <Icon fontSize="small" />
            </ToggleButton>
          );
        })}
      </ToggleButtonGroup>
    </Bar>
  );
}

type ToggleProps = { on: boolean; onChange: (on: boolean) => void; children: string };

function Toggle({ on, onChange, children }: ToggleProps) {
  return (
    <Chip
      component="button"
      clickable
      aria-pressed={on}
      variant={on ? "filled" : "outlined"}
      icon={on ? <Check /> : undefined}
      label={children}
      onClick={() => onChange(!on)}
    />
  );
}
