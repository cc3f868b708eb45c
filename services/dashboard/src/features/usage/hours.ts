import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";

const LEAST = 0.01;

const digits = (hours: number) => (hours < 1 ? 2 : hours < 100 ? 1 : 0);

/** Writes seconds of GPUs as hours: "12.5"; a dash for null, and never a zero for what is only small. */
export function useHours(): (seconds: number | null) => string {
  const t = useWords();
  const f = useFormat();
  return (seconds) => {
    if (seconds === null) return t("common.dash");
    const hours = seconds / 3600;
    if (hours > 0 && hours < LEAST) return t("usage.under", { hours: f.number(LEAST, 2) });
    return f.number(hours, digits(hours));
  };
}
