import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { machinesQuery } from "../../api/queries";
import { DataTable } from "../../components/DataTable";
import { spelled } from "../../components/format";
import { Loaded } from "../../components/Loaded";
import { ReasonDialog } from "../../components/ReasonDialog";
import { useWords } from "../../words/Words";
import { Listing } from "./Listing";
import { type Gpu, GpuRow, type Machine, MachineRow } from "./MachineRows";
import { Outcome } from "./Outcome";
import { disableMutation, drainMutation } from "./queries";

const COLUMNS = ["name", "state", "why", "actions"] as const;

type Asked = { machine: Machine; gpu: Gpu | null };

/** Which machines and GPUs take new containers. */
export function Machines() {
  const t = useWords();
  const overview = useQuery(machinesQuery());
  const client = useQueryClient();
  const drain = useMutation(drainMutation(client));
  const disable = useMutation(disableMutation(client));
  const [asked, setAsked] = useState<Asked | null>(null);
  const takeAway = (reason: string) => {
    if (asked?.gpu) disable.mutate({ uuid: asked.gpu.uuid, disabled: true, reason });
    else if (asked) drain.mutate({ machine: asked.machine.name, drained: true, reason });
    setAsked(null);
  };
  return (
    <>
      <Outcome of={drain} />
      <Outcome of={disable} />
      <Loaded query={overview}>
        {({ machines }) => (
          <Listing
            rows={machines}
            textOf={({ name, gpus }) => [name, ...gpus.flatMap((gpu) => [gpu.uuid, gpu.model])].join(" ")}
            search={t("admin.machines.search")}
            none={t("admin.machines.none")}
          >
            {(shown) => (
              <DataTable
                label={t("admin.part.machines")}
                columns={COLUMNS.map((column) => t(`admin.machines.${column}`))}
              >
                {shown.flatMap((machine) => [
                  <MachineRow
                    key={machine.name}
                    machine={machine}
                    onDrain={() => setAsked({ machine, gpu: null })}
                    onOpen={() => drain.mutate({ machine: machine.name, drained: false })}
                  />,
                  ...machine.gpus.map((gpu) => (
                    <GpuRow
                      key={gpu.uuid}
                      machine={machine}
                      gpu={gpu}
                      onOff={() => setAsked({ machine, gpu })}
                      onOn={() => disable.mutate({ uuid: gpu.uuid, disabled: false })}
                    />
                  )),
                ])}
              </DataTable>
            )}
          </Listing>
        )}
      </Loaded>
      {asked && <AskWhy asked={asked} onConfirm={takeAway} onClose={() => setAsked(null)} />}
    </>
  );
}

type AskProps = { asked: Asked; onConfirm: (reason: string) => void; onClose: () => void };

/** Says who goes on there, before it is taken from everybody else. */
function AskWhy({ asked: { machine, gpu }, ...rest }: AskProps) {
  const t = useWords();
  if (gpu === null) {
    return (
      <ReasonDialog
        title={t("admin.machines.drainTitle", { machine: machine.name })}
        text={
          machine.holders_known
            ? t("admin.machines.drainText", { count: machine.containers.length })
            : t("admin.machines.drainTextUnknown")
        }
        confirm={t("admin.machines.drain")}
        {...rest}
      />
    );
  }
  const shown = t("admin.machines.gpu", { index: gpu.index ?? "?", machine: machine.name });
  return (
    <ReasonDialog
      title={t("admin.machines.offTitle", { gpu: shown })}
      text={
        gpu.holder ? t("admin.machines.offTextHeld", { owner: spelled(gpu.holder.owner) }) : t("admin.machines.offText")
      }
      confirm={t("admin.machines.off")}
      {...rest}
    />
  );
}
