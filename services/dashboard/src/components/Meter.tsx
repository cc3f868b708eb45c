import LinearProgress from "@mui/material/LinearProgress";
import { styled } from "@mui/material/styles";
import { useWords } from "../words/Words";
import { Fact } from "./Fact";

// Styled once: a page shows hundreds.
const Bar = styled(LinearProgress)({
  height: 6,
  borderRadius: 3,
  "&[data-unknown]": { opacity: 0.3 },
});

type Props = { label: string; ratio: number | null; text: string | null };

/** A ratio from 0 to 1 with its text, or a dash when nobody told it. */
export function Meter({ label, ratio, text }: Props) {
  const t = useWords();
  const known = ratio !== null;
  const share = Math.min(100, Math.max(0, (ratio ?? 0) * 100));
  return (
    <div>
      <Fact label={label}>{text ?? t("common.dash")}</Fact>
      <Bar
        variant="determinate"
        value={share}
        color={share >= 90 ? "warning" : "primary"}
        aria-label={label}
        aria-valuenow={known ? Math.round(share) : undefined}
        aria-valuetext={known ? (text ?? undefined) : t("common.unknown")}
        data-unknown={known ? undefined : true}
      />
    </div>
  );
}
