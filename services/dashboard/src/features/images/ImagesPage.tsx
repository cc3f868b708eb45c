import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Skeleton from "@mui/material/Skeleton";
import Typography from "@mui/material/Typography";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { meQuery } from "../../api/queries";
import { ConfirmDialog } from "../../components/ConfirmDialog";
import { PageTitle } from "../../components/PageTitle";
import { Problem } from "../../components/Problem";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";
import { ImageCard } from "./ImageCard";
import { Matrix } from "./Matrix";
import { counted } from "./presence";
import { fetchMutation, type Image, imagesQuery } from "./queries";

const CARDS = { display: "grid", gap: 2, gridTemplateColumns: "repeat(auto-fill, minmax(min(100%, 340px), 1fr))" };

/** The images on offer, which machine has which, and how far what is fetched is. */
export function ImagesPage() {
  const t = useWords();
  const images = useQuery(imagesQuery());
  return (
    <Box sx={{ display: "grid", gap: 2, minWidth: 0 }}>
      <Box>
        <PageTitle>{t("images.title")}</PageTitle>
        <Typography color="textSecondary">{t("images.intro")}</Typography>
      </Box>
      {images.isError && <Problem error={images.error} />}
      {images.isError && images.data !== undefined && (
        <Old seconds={(images.errorUpdatedAt - images.dataUpdatedAt) / 1000} />
      )}
      {images.isPending && <Waiting />}
      {images.data !== undefined && <Catalogue images={images.data} old={images.isError} />}
    </Box>
  );
}

function Old({ seconds }: { seconds: number }) {
  const t = useWords();
  const f = useFormat();
  return <Typography variant="body2">{t("images.asOf", { age: f.duration(seconds) })}</Typography>;
}

function Waiting() {
  const t = useWords();
  return (
    <Box role="status" aria-label={t("common.loading")} sx={{ display: "grid", gap: 2 }}>
      <Box sx={CARDS}>
        <Skeleton variant="rounded" height={250} />
        <Skeleton variant="rounded" height={250} />
      </Box>
      <Skeleton variant="rounded" height={220} />
    </Box>
  );
}

function Catalogue({ images, old }: { images: Image[]; old: boolean }) {
  const t = useWords();
  const me = useQuery(meQuery());
  const client = useQueryClient();
  const fetch = useMutation(fetchMutation(client));
  const [asked, setAsked] = useState<Image | null>(null);
  const mayFetch = me.data?.user.role === "admin";
  if (images.length === 0) return <Alert severity="info">{t("images.none")}</Alert>;
  const untold = images.every(
    ({ machines }) => machines.length > 0 && machines.every((each) => each.state === "unknown"),
  );
  return (
    <>
      {fetch.isError && <Problem error={fetch.error} />}
      <Box role="status" sx={{ "&:empty": { position: "absolute" } }}>
        {fetch.isSuccess && <Alert severity="success">{t("images.asked")}</Alert>}
      </Box>
      {untold && <Alert severity="info">{t("images.untold")}</Alert>}
      <Box sx={{ display: "grid", gap: 2, minWidth: 0, filter: old ? "grayscale(1)" : "none" }}>
        <Box sx={CARDS}>
          {images.map((image, index) => (
            <ImageCard
              key={image.name}
              image={image}
              isDefault={index === 0}
              onFetch={mayFetch ? () => setAsked(image) : null}
            />
          ))}
        </Box>
        {images.some((image) => image.machines.length > 0) ? (
          <Matrix images={images} onFetch={mayFetch ? fetch.mutate : null} />
        ) : (
          <Alert severity="info">{t("images.noMachines")}</Alert>
        )}
      </Box>
      {asked !== null && (
        <FetchDialog
          image={asked}
          onConfirm={() => {
            fetch.mutate({ image: asked.name, machines: null });
            setAsked(null);
          }}
          onClose={() => setAsked(null)}
        />
      )}
    </>
  );
}

function FetchDialog({ image, ...rest }: { image: Image; onConfirm: () => void; onClose: () => void }) {
  const t = useWords();
  const f = useFormat();
  const { absent, unknown } = counted(image);
  const count = absent || unknown; // what does not answer is not fetched to, where others tell
  const text =
    image.size_bytes === null
      ? t("images.confirmText", { count })
      : t("images.confirmSized", { count, size: f.bytes(image.size_bytes) });
  return (
    <ConfirmDialog
      open
      color="primary"
      title={t("images.confirmTitle", { image: image.title })}
      text={text}
      confirm={t("images.fetch")}
      {...rest}
    />
  );
}
