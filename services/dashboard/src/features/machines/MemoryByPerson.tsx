import { styled } from "@mui/material/styles";
import { share } from "../../components/format";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";
import type { Gpu } from "./queries";
import { shares } from "./shares";
import { lookOf, swatches } from "./swatches";

const Bar = styled("div")(({ theme }) => ({
  display: "flex",
  height: 8,
  borderRadius: 4,
  overflow: "hidden",
  backgroundColor: theme.vars?.palette.action.selected,
  ...swatches(theme),
}));
const Names = styled("ul")(({ theme }) => ({
  ...theme.typography.caption,
  display: "flex",
  flexWrap: "wrap",
  columnGap: 12,
  margin: "2px 0 0",
  padding: 0,
  listStyle: "none",
  "& > li": { display: "flex", alignItems: "center", gap: 4, minWidth: 0, maxWidth: "100%" },
  ...swatches(theme),
  "& > li > [data-color]": { width: 10, height: 10, borderRadius: 2 },
  "& b": { fontWeight: "inherit", overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" },
  "& data": {
    color: theme.vars?.palette.text.secondary,
    fontVariantNumeric: "tabular-nums",
    whiteSpace: "nowrap",
  },
}));

/** Whose the memory of a GPU is, as a bar of its shares: each has a color and a pattern. */
export function MemoryBar({ gpu }: { gpu: Gpu }) {
  const t = useWords();
  const parts = shares(gpu, t);
  const whole = [{ key: "all", owner: null, bytes: gpu.memory_used_bytes }]; // nobody told whose it is
  return (
    <Bar aria-hidden>
      {(parts.length > 0 ? parts : whole).map(({ key, owner, bytes }, index) => (
        <span
          key={key}
          {...lookOf(owner, index)}
          style={{ width: `${(share(bytes, gpu.memory_total_bytes) ?? 0) * 100}%` }}
        />
      ))}
    </Bar>
  );
}

// A rest that is less than this share of the memory is what every driver takes; the bar and the sum still have it.
const SMALL = 0.02;

/** The names to a MemoryBar. Nothing where nothing is in use. */
export function MemoryNames({ gpu, me }: { gpu: Gpu; me: string | null }) {
  const t = useWords();
  const f = useFormat();
  const small = (gpu.memory_total_bytes ?? 0) * SMALL;
  const parts = shares(gpu, t).map((part, index) => ({ ...part, look: lookOf(part.owner, index) }));
  const named = parts.filter(({ owner, bytes }) => owner !== null || bytes === null || bytes >= small);
  if (!gpu.users_known && gpu.memory_used_bytes) {
    return (
      <Names as="p" sx={{ color: "text.secondary" }}>
        {t("machines.usersUnknown")}
      </Names>
    );
  }
  if (named.length === 0) return null;
  return (
    <Names aria-label={t("machines.memoryBy")}>
      {named.map(({ key, owner, who, bytes, hint, look }) => (
        <li key={key} title={hint}>
          <span aria-hidden {...look} />
          <b>{owner !== null && owner === me ? t("machines.me") : who}</b>{" "}
          <data value={bytes ?? ""}>{bytes === null ? t("common.dash") : f.bytes(bytes)}</data>
        </li>
      ))}
    </Names>
  );
}
