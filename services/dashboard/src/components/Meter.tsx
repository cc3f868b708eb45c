import LinearProgress from "@mui/material/LinearProgress";
import { styled } from "@mui/material/styles";
import { useWords } from "../words/Words";
import { Fact } from "./Fact";

// Styled once: a page shows hundreds.
const Bar = styled(LinearProgress)(({ theme }) => ({
  height: 6,
  borderRadius: 3,
  backgroundColor: theme.vars?.palette.action.selected,
  "&::before": { display: "none" },
  "&[data-unknown]": { opacity: 0.4 },
}));

type Props = { label: string; ratio: number | null; text: string | null; calm?: boolean };

/** A ratio from 0 to 1 with its text, or a dash when nobody told it; nearly full is a warning unless `calm`. */
export function Meter({ label, ratio, text, calm = false }: Props) {
  const t = useWords();
  const known = ratio !== null;
  const share = Math.min(100, Math.max(0, (ratio ?? 0) * 100));
  return (
    <div>
      <Fact label={label}>{text ?? t("common.dash")}</Fact>
      <Bar
        variant="determinate"
        value={share}
        color={share >= 90 && !calm ? "warning" : "info"}
        aria-label={label}
        aria-valuenow={known ? Math.round(share) : undefined}
        aria-valuetext={known ? (text ?? undefined) : t("common.unknown")}
        data-unknown={known ? undefined : true}
      />
    </div>
  );
}
