import PlayArrow from "@mui/icons-material/PlayArrow";
import Tune from "@mui/icons-material/Tune";
import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import { useWords } from "../../words/Words";

type Props = { label: string; onStart: () => void; onOptions: (() => void) | null; disabled: boolean; quiet: boolean };

/** Start with what was last asked for, or choose; `onOptions` null: there is nothing to choose here; `quiet`: it would be refused now. */
export function StartButtons({ label, onStart, onOptions, disabled, quiet }: Props) {
  const t = useWords();
  return (
    <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: "wrap" }}>
      <Button
        variant={quiet ? "outlined" : "contained"}
        size="large"
        startIcon={<PlayArrow />}
        onClick={onStart}
        disabled={disabled}
        data-shortcut="start"
      >
        {label}
      </Button>
      {onOptions && (
        <Button size="large" startIcon={<Tune />} onClick={onOptions} disabled={disabled}>
          {t("start.options")}
        </Button>
      )}
    </Stack>
  );
}
