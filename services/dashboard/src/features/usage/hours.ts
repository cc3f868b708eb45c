import { useLanguage, useWords } from "../../words/Words";

const LEAST = 0.1;

/** Writes seconds of GPUs as hours: "12.5"; a dash for null, and never a zero for what is only small. */
export function useHours(): (seconds: number | null) => string {
  const t = useWords();
  const written = new Intl.NumberFormat(useLanguage(), { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return (seconds) => {
    if (seconds === null) return t("common.dash");
    const hours = seconds / 3600;
    return hours > 0 && hours < LEAST ? t("usage.under", { hours: written.format(LEAST) }) : written.format(hours);
  };
}
