import FetchIcon from "@mui/icons-material/DownloadOutlined";
import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Card from "@mui/material/Card";
import CardContent from "@mui/material/CardContent";
import Chip from "@mui/material/Chip";
import Typography from "@mui/material/Typography";
import { useId } from "react";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";
import { PresenceSign } from "./PresenceCell";
import { type Counts, counted } from "./presence";
import type { Image } from "./queries";

type Props = {
  image: Image;
  isDefault: boolean;
  /** Asks to fetch it to all machines; null: whoever looks may not. */
  onFetch: (() => void) | null;
};

/** One image of the catalogue: what it is, how large, and on how many machines. */
export function ImageCard({ image, isDefault, onFetch }: Props) {
  const t = useWords();
  const id = useId();
  const counts = counted(image);
  return (
    <Card component="article" variant="outlined" aria-labelledby={id} sx={{ minWidth: 0 }}>
      <CardContent sx={{ display: "flex", flexDirection: "column", gap: 1, height: "100%" }}>
        <Box sx={{ display: "flex", flexWrap: "wrap", gap: 1, alignItems: "center" }}>
          <Typography id={id} variant="h6" component="h2" sx={{ overflowWrap: "anywhere" }}>
            {image.title}
          </Typography>
          {isDefault && <Chip size="small" color="primary" variant="outlined" label={t("images.default")} />}
          {image.needs_gpu && <Chip size="small" label={t("images.needsGpu")} />}
          {image.cuda !== null && <Chip size="small" label={t("images.cuda", { version: image.cuda })} />}
        </Box>
        <Typography variant="body2" color="textSecondary" sx={{ overflowWrap: "anywhere" }}>
          {image.description}
        </Typography>
        <Facts image={image} />
        <Summary counts={counts} total={image.machines.length} />
        {image.trouble !== null && (
          <Alert severity="warning" lang="en">
            {image.trouble}
          </Alert>
        )}
        {onFetch !== null && <FetchAll counts={counts} image={image} onFetch={onFetch} />}
      </CardContent>
    </Card>
  );
}

function Facts({ image }: { image: Image }) {
  const t = useWords();
  const f = useFormat();
  const facts = [
    [t("images.name"), image.name, image.name],
    [t("images.reference"), image.reference, image.reference],
    [t("images.digest"), shortened(image.digest) ?? t("images.digestUnknown"), image.digest ?? ""],
    [
      t("images.size"),
      image.size_bytes === null ? t("common.unknown") : f.bytes(image.size_bytes),
      t("images.sizeHint"),
    ],
  ] as const;
  return (
    <Box
      component="dl"
      sx={{ display: "grid", gridTemplateColumns: "auto minmax(0, 1fr)", columnGap: 2, rowGap: 0.25, m: 0 }}
    >
      {facts.map(([name, value, whole]) => (
        <Box key={name} sx={{ display: "contents" }}>
          <Typography component="dt" variant="body2" color="textSecondary">
            {name}
          </Typography>
          <Typography component="dd" variant="body2" title={whole} sx={{ m: 0, overflowWrap: "anywhere" }}>
            {value}
          </Typography>
        </Box>
      ))}
    </Box>
  );
}

/** "sha256:5f2b7c1d5f2b…": as much as tells it from others. */
function shortened(digest: string | null): string | null {
  return digest === null ? null : `${digest.slice(0, 19)}…`;
}

function Summary({ counts, total }: { counts: Counts; total: number }) {
  const t = useWords();
  const said = (["pulling", "absent", "failed", "unknown"] as const).filter((state) => counts[state] > 0);
  return (
    <Box
      component="ul"
      sx={{ display: "flex", flexWrap: "wrap", columnGap: 2, rowGap: 0.5, m: 0, p: 0, listStyle: "none" }}
    >
      <Typography component="li" variant="body2">
        <PresenceSign state={counts.present > 0 ? "present" : counts.unknown > 0 ? "unknown" : "absent"}>
          {t("images.count.present", { count: counts.present, total })}
        </PresenceSign>
      </Typography>
      {said.map((state) => (
        <Typography key={state} component="li" variant="body2">
          <PresenceSign state={state}>{t(`images.count.${state}`, { count: counts[state] })}</PresenceSign>
        </Typography>
      ))}
    </Box>
  );
}

function FetchAll({ counts, image, onFetch }: { counts: Counts; image: Image; onFetch: () => void }) {
  const t = useWords();
  if (counts.absent === 0 && counts.unknown === 0) return null;
  const label =
    counts.absent > 0
      ? t("images.fetchLacking", { count: counts.absent })
      : t("images.fetchAll", { image: image.title });
  return (
    <Box sx={{ mt: "auto", pt: 1 }}>
      <Button
        variant="outlined"
        startIcon={<FetchIcon />}
        aria-label={t("images.fetchAllNamed", { image: image.title, label })}
        onClick={onFetch}
        sx={{ minHeight: 44 }}
      >
        {label}
      </Button>
    </Box>
  );
}
