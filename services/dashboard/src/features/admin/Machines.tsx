import Button from "@mui/material/Button";
import TableCell from "@mui/material/TableCell";
import TableRow from "@mui/material/TableRow";
import Typography from "@mui/material/Typography";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { machinesQuery } from "../../api/queries";
import { DataTable } from "../../components/DataTable";
import { Loaded } from "../../components/Loaded";
import { Problem } from "../../components/Problem";
import { ReasonDialog } from "../../components/ReasonDialog";
import { machineWords, messages } from "../../messages";
import { disableMutation, drainMutation } from "./queries";

const words = messages.admin.machines;

type Machine = Schemas["Machine"];
type Gpu = Schemas["Gpu"];
type Asked = { machine: string } | { uuid: string; shown: string };

/** Which machines and GPUs take new containers. */
export function Machines() {
  const overview = useQuery(machinesQuery());
  const client = useQueryClient();
  const drain = useMutation(drainMutation(client));
  const disable = useMutation(disableMutation(client));
  const [asked, setAsked] = useState<Asked | null>(null);
  const takeAway = (reason: string) => {
    if (asked && "machine" in asked) drain.mutate({ machine: asked.machine, drained: true, reason });
    else if (asked) disable.mutate({ uuid: asked.uuid, disabled: true, reason });
    setAsked(null);
  };
  return (
    <>
      {drain.isError && <Problem error={drain.error} />}
      {disable.isError && <Problem error={disable.error} />}
      <Loaded query={overview}>
        {({ machines }) => (
          <DataTable label={words.title} columns={[words.name, words.state, words.why, messages.tokens.actions]}>
            {machines.flatMap((machine) => [
              <MachineRow
                key={machine.name}
                machine={machine}
                onDrain={() => setAsked({ machine: machine.name })}
                onOpen={() => drain.mutate({ machine: machine.name, drained: false })}
              />,
              ...machine.gpus.map((gpu) => (
                <GpuRow
                  key={gpu.uuid}
                  machine={machine.name}
                  gpu={gpu}
                  onOff={(shown) => setAsked({ uuid: gpu.uuid, shown })}
                  onOn={() => disable.mutate({ uuid: gpu.uuid, disabled: false })}
                />
              )),
            ])}
          </DataTable>
        )}
      </Loaded>
      {asked && "machine" in asked && (
        <ReasonDialog
          title={words.drainTitle(asked.machine)}
          text={words.drainText}
          confirm={words.drain}
          onConfirm={takeAway}
          onClose={() => setAsked(null)}
        />
      )}
      {asked && "uuid" in asked && (
        <ReasonDialog
          title={words.offTitle(asked.shown)}
          text={words.offText}
          confirm={words.off}
          onConfirm={takeAway}
          onClose={() => setAsked(null)}
        />
      )}
    </>
  );
}

function MachineRow({ machine, onDrain, onOpen }: { machine: Machine; onDrain: () => void; onOpen: () => void }) {
  const closed = machine.closed !== null;
  const word = closed ? words.undrain : words.drain;
  return (
    <TableRow sx={{ "& > td": { fontWeight: 600 } }}>
      <TableCell>{machine.name}</TableCell>
      <TableCell>{machineWords[machine.state]}</TableCell>
      <TableCell>{machine.closed ?? ""}</TableCell>
      <TableCell>
        <Button size="small" aria-label={`${word} ${machine.name}`} onClick={closed ? onOpen : onDrain}>
          {word}
        </Button>
      </TableCell>
    </TableRow>
  );
}

type GpuProps = { machine: string; gpu: Gpu; onOff: (shown: string) => void; onOn: () => void };

function GpuRow({ machine, gpu, onOff, onOn }: GpuProps) {
  const disabled = gpu.disabled !== null;
  const shown = words.gpu(gpu.index, machine);
  const word = disabled ? words.on : words.off;
  return (
    <TableRow>
      <TableCell sx={{ pl: 4, minWidth: 220 }}>
        {shown}
        <Typography variant="caption" component="div" color="textSecondary" sx={{ overflowWrap: "anywhere" }}>
          {gpu.model} · {gpu.uuid}
        </Typography>
      </TableCell>
      <TableCell>
        {disabled ? messages.disabled : gpu.quarantine !== null ? messages.quarantined : words.inUse}
      </TableCell>
      <TableCell sx={{ minWidth: 160 }}>{gpu.disabled ?? gpu.quarantine ?? ""}</TableCell>
      <TableCell>
        <Button size="small" aria-label={`${word} ${shown}`} onClick={() => (disabled ? onOn() : onOff(shown))}>
          {word}
        </Button>
      </TableCell>
    </TableRow>
  );
}
