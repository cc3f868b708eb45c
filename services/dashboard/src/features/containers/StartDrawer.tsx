import CloseIcon from "@mui/icons-material/Close";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Drawer from "@mui/material/Drawer";
import FormControl from "@mui/material/FormControl";
import FormControlLabel from "@mui/material/FormControlLabel";
import FormLabel from "@mui/material/FormLabel";
import IconButton from "@mui/material/IconButton";
import MenuItem from "@mui/material/MenuItem";
import Radio from "@mui/material/Radio";
import RadioGroup from "@mui/material/RadioGroup";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useWords } from "../../words/Words";
import { Fit, useFit } from "./Fit";
import { MachineField } from "./MachineField";
import { NewTab } from "./NewTab";
import { imagesQuery, type Wish } from "./queries";

export type Choice = { name: string; gpus: number };

type Props = {
  open: boolean;
  machines: readonly Choice[];
  initial: Wish;
  onStart: (wish: Wish, predicted: number | null) => void;
  onClose: () => void;
};

/** The options of a start, with what fits while one chooses; Enter starts. */
export function StartDrawer({ open, onClose, ...form }: Props) {
  const id = useId();
  return (
    <Drawer
      anchor="right"
      open={open}
      onClose={onClose}
      slotProps={{
        paper: {
          role: "dialog",
          "aria-modal": true,
          "aria-labelledby": id,
          sx: { width: "min(440px, 100vw)", backgroundImage: "none" },
        },
      }}
    >
      <Form titleId={id} onClose={onClose} {...form} />
    </Drawer>
  );
}

type FormProps = Omit<Props, "open"> & { titleId: string };

function Form({ titleId, machines, initial, onStart, onClose }: FormProps) {
  const t = useWords();
  const [chosen, setChosen] = useState(initial);
  const most = Math.max(
    0,
    ...machines.filter(({ name }) => chosen.machine === null || name === chosen.machine).map(({ gpus }) => gpus),
  );
  const wish = { ...chosen, gpus: Math.min(chosen.gpus, most) };
  const fit = useFit(wish);
  return (
    <Box
      component="form"
      sx={{ display: "flex", flexDirection: "column", minHeight: "100%" }}
      onSubmit={(event: React.FormEvent) => {
        event.preventDefault();
        onStart(wish, fit.told?.predicted_seconds ?? null);
      }}
    >
      <Box sx={{ display: "flex", alignItems: "center", px: 2.5, pt: 2 }}>
        <Typography id={titleId} variant="h6" component="h2" sx={{ flexGrow: 1 }}>
          {t("start.title")}
        </Typography>
        <IconButton onClick={onClose} aria-label={t("common.close")} sx={{ width: 44, height: 44 }}>
          <CloseIcon />
        </IconButton>
      </Box>
      <Stack spacing={2.5} sx={{ px: 2.5, py: 1.5, flexGrow: 1 }}>
        <Gpus most={most} gpus={wish.gpus} onChange={(gpus) => setChosen({ ...wish, gpus })} />
        <MachineField
          names={machines.map(({ name }) => name)}
          wish={wish}
          onChange={(machine) => setChosen({ ...wish, machine })}
        />
        <ImageField image={wish.image} onChange={(image) => setChosen({ ...wish, image })} />
      </Stack>
      <Box
        sx={{
          position: "sticky",
          bottom: 0,
          px: 2.5,
          py: 2,
          borderTop: 1,
          borderColor: "divider",
          bgcolor: "background.paper",
        }}
      >
        <Fit wish={wish} fit={fit} onStart={(other) => onStart(other, null)} />
        <NewTab />
        <Stack direction="row" spacing={1} sx={{ mt: 1 }}>
          <Button
            type="submit"
            variant={fit.told?.fits === false ? "outlined" : "contained"}
            size="large"
            sx={{ flexGrow: 1 }}
          >
            {t("start.button")}
          </Button>
          <Button size="large" onClick={onClose}>
            {t("common.cancel")}
          </Button>
        </Stack>
      </Box>
    </Box>
  );
}

/** Radio buttons, since Enter in them starts; a list would open instead. */
function Gpus({ most, gpus, onChange }: { most: number; gpus: number; onChange: (gpus: number) => void }) {
  const t = useWords();
  const id = useId();
  return (
    <FormControl>
      <FormLabel id={id}>{t("start.gpus")}</FormLabel>
      <RadioGroup row aria-labelledby={id} value={gpus} onChange={(_, value) => onChange(Number(value))}>
        {[...Array(most + 1).keys()].map((count) => (
          <FormControlLabel
            key={count}
            value={count}
            control={<Radio autoFocus={count === gpus} />}
            label={count}
            sx={{ minHeight: 44 }}
          />
        ))}
      </RadioGroup>
    </FormControl>
  );
}

function ImageField({ image, onChange }: { image: string | null; onChange: (image: string) => void }) {
  const t = useWords();
  const images = useQuery(imagesQuery());
  if (!images.data || images.data.length === 0) return null;
  return (
    <TextField
      select
      label={t("start.image")}
      value={image ?? images.data[0]?.name}
      onChange={(event) => onChange(event.target.value)}
      slotProps={{ select: { renderValue: (name) => images.data.find((each) => each.name === name)?.title } }}
    >
      {images.data.map(({ name, title, description }) => (
        <MenuItem key={name} value={name} sx={{ display: "block", whiteSpace: "normal", maxWidth: 400 }}>
          {title}
          <Typography variant="caption" component="div" color="textSecondary">
            {description}
          </Typography>
        </MenuItem>
      ))}
    </TextField>
  );
}
