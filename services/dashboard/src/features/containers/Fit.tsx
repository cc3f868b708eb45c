import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import { CheckIcon, ClockIcon, WarnIcon } from "../../components/icons";
import { useFormat } from "../../words/format";
import { useLanguage, useWords } from "../../words/Words";
import { type Offer, offersOf, whyKey } from "./offers";
import { type Explanation, explainQuery, type Wish } from "./queries";
import { useSettled } from "./useSettled";

const SHOWN = 3;

/** Whether a wish fits now, as its words say; null: not known yet, or not of this very wish. */
export function useFit(wish: Wish): { told: Explanation | null; failed: boolean } {
  const settled = useSettled(wish);
  const query = useQuery(explainQuery(settled));
  const current = settled.machine === wish.machine && settled.image === wish.image && settled.gpus === wish.gpus;
  return { told: current && !query.isError ? (query.data ?? null) : null, failed: current && query.isError };
}

type Props = { wish: Wish; fit: ReturnType<typeof useFit>; onStart: (wish: Wish) => void; disabled?: boolean };

/** "Fits on gpu-02, about 4 s", or why not and what would, to be started by one click. */
export function Fit({ wish, fit, onStart, disabled = false }: Props) {
  const { told, failed } = fit;
  return (
    <Box
      role="status"
      aria-live="polite"
      sx={{ minHeight: 48, display: "flex", flexDirection: "column", justifyContent: "center" }}
    >
      {told === null && <Unknown failed={failed} />}
      {told?.fits && told.machine !== null && <Fits told={told} machine={told.machine} />}
      {told && !told.fits && (
        <>
          <Misfits wish={wish} told={told} />
          <Offers offers={offersOf(told.offers)} onStart={onStart} disabled={disabled} none />
        </>
      )}
    </Box>
  );
}

function Line({ icon, color, children }: { icon: React.ReactNode; color: string; children: React.ReactNode }) {
  return (
    <Box sx={{ display: "flex", gap: 1, alignItems: "center" }}>
      <Box sx={{ display: "flex", color }}>{icon}</Box>
      <Typography component="p" sx={{ fontWeight: 600, overflowWrap: "anywhere", minWidth: 0 }}>
        {children}
      </Typography>
    </Box>
  );
}

function Unknown({ failed }: { failed: boolean }) {
  const t = useWords();
  return (
    <Line icon={failed ? <WarnIcon /> : <ClockIcon />} color="text.secondary">
      {failed ? t("start.noAnswer") : t("start.checking")}
    </Line>
  );
}

function Fits({ told, machine }: { told: Explanation; machine: string }) {
  const t = useWords();
  const f = useFormat();
  const image = told.machines.find((each) => each.name === machine)?.image;
  const seconds = told.predicted_seconds;
  return (
    <>
      <Line icon={<CheckIcon />} color="success.main">
        {seconds === null
          ? t("start.fits", { machine })
          : t("start.fitsIn", { machine, time: f.duration(Math.max(1, seconds)) })}
      </Line>
      {(image === "absent" || image === "pulling") && (
        <Typography variant="body2" color="textSecondary">
          {t(image === "absent" ? "start.fetch" : "start.fetching")}
        </Typography>
      )}
    </>
  );
}

function Misfits({ wish, told }: { wish: Wish; told: Explanation }) {
  const t = useWords();
  const misfits = told.machines.flatMap(({ name, misfit }) => (misfit ? [{ name, misfit }] : []));
  const shown = told.everywhere ? [] : misfits.slice(0, SHOWN);
  const more = told.everywhere ? 0 : misfits.length - shown.length;
  return (
    <>
      <Line icon={<WarnIcon />} color="warning.main">
        {wish.machine === null ? t("start.misfit") : t("start.misfitOn", { machine: wish.machine })}
      </Line>
      {told.everywhere && <Why machine={undefined} misfit={told.everywhere} />}
      {shown.map(({ name, misfit }) => (
        <Why key={name} machine={wish.machine === null ? name : undefined} misfit={misfit} />
      ))}
      {more > 0 && (
        <Typography variant="body2" color="textSecondary">
          {t("start.others", { count: more })}
        </Typography>
      )}
    </>
  );
}

/** A reason in the person's language; the API's own English, with its numbers, stays beside another language. */
function Why({ machine, misfit }: { machine: string | undefined; misfit: { rule: string; text: string } }) {
  const t = useWords();
  const english = useLanguage() === "en";
  return (
    <Typography variant="body2" sx={{ overflowWrap: "anywhere" }}>
      {machine !== undefined && (
        <>
          <strong>{machine}</strong>:{" "}
        </>
      )}
      {english ? misfit.text : t(whyKey(misfit.rule))}
      {!english && (
        <Typography component="span" variant="caption" color="textSecondary" lang="en" sx={{ display: "block" }}>
          {misfit.text}
        </Typography>
      )}
    </Typography>
  );
}

type OffersProps = { offers: Offer[]; onStart: (wish: Wish) => void; disabled: boolean; none?: boolean };

/** What would fit, each started by one click. `none`: say so where there is nothing. */
export function Offers({ offers, onStart, disabled, none = false }: OffersProps) {
  const t = useWords();
  if (offers.length === 0) return none && <Typography variant="body2">{t("start.noOffer")}</Typography>;
  return (
    <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: "wrap", alignItems: "center", mt: 1 }}>
      <Typography variant="body2">{t("start.could")}</Typography>
      {offers.map((offer, index) => (
        <Button
          key={`${offer.machine}/${offer.wish.gpus}`}
          variant={index === 0 ? "contained" : "outlined"}
          disabled={disabled}
          onClick={() => onStart(offer.wish)}
          sx={{ minHeight: 44, overflowWrap: "anywhere" }}
        >
          {t("start.offer", { gpus: offer.wish.gpus, machine: offer.machine })}
        </Button>
      ))}
    </Stack>
  );
}
