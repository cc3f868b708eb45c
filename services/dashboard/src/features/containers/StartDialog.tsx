import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import MenuItem from "@mui/material/MenuItem";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { messages } from "../../messages";
import { imagesQuery, type Wish } from "./queries";

export type Choice = { name: string; gpus: number };

type Props = {
  machines: Choice[];
  initial: Wish;
  onStart: (wish: Wish) => void;
  onClose: () => void;
};

/** The options of a start; Enter starts. */
export function StartDialog({ machines, initial, onStart, onClose }: Props) {
  const [wish, setWish] = useState(initial);
  const images = useQuery(imagesQuery());
  const id = useId();
  const most = Math.max(
    0,
    ...machines.filter((m) => wish.machine === null || m.name === wish.machine).map((m) => m.gpus),
  );
  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="xs" aria-labelledby={id}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onStart({ ...wish, gpus: Math.min(wish.gpus, most) });
        }}
      >
        <DialogTitle id={id}>{messages.startTitle}</DialogTitle>
        <DialogContent>
          <Stack spacing={2} sx={{ pt: 1 }}>
            <TextField
              select
              label={messages.machine}
              value={wish.machine ?? ""}
              onChange={(event) => setWish({ ...wish, machine: event.target.value || null })}
              slotProps={{ select: { displayEmpty: true }, inputLabel: { shrink: true } }}
            >
              <MenuItem value="">{messages.anyMachine}</MenuItem>
              {machines.map((machine) => (
                <MenuItem key={machine.name} value={machine.name}>
                  {machine.name}
                </MenuItem>
              ))}
            </TextField>
            <TextField
              select
              label={messages.gpus}
              value={Math.min(wish.gpus, most)}
              onChange={(event) => setWish({ ...wish, gpus: Number(event.target.value) })}
            >
              {Array.from({ length: most + 1 }, (_, count) => count).map((count) => (
                <MenuItem key={count} value={count}>
                  {count}
                </MenuItem>
              ))}
            </TextField>
            {images.data && (
              <TextField
                select
                label={messages.image}
                value={wish.image ?? images.data[0]?.name ?? ""}
                onChange={(event) => setWish({ ...wish, image: event.target.value })}
              >
                {images.data.map((image) => (
                  <MenuItem key={image.name} value={image.name}>
                    {image.title}
                  </MenuItem>
                ))}
              </TextField>
            )}
          </Stack>
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose}>{messages.cancel}</Button>
          <Button type="submit" variant="contained">
            {messages.start}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
