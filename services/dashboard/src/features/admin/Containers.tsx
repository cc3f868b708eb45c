import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import TableCell from "@mui/material/TableCell";
import TableRow from "@mui/material/TableRow";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ConfirmDialog } from "../../components/ConfirmDialog";
import { DataTable } from "../../components/DataTable";
import { Loaded } from "../../components/Loaded";
import { Moment } from "../../components/Moment";
import { Problem } from "../../components/Problem";
import { messages, stateWords } from "../../messages";
import { allContainersQuery, type Container, endMutation } from "./queries";

const words = messages.admin.containers;

/** Everybody's containers, and the way to end one. */
export function Containers() {
  const containers = useQuery(allContainersQuery());
  const end = useMutation(endMutation(useQueryClient()));
  const [asked, setAsked] = useState<Container | null>(null);
  return (
    <>
      {end.isError && <Problem error={end.error} />}
      <Loaded query={containers}>
        {(all) =>
          all.length === 0 ? (
            <Alert severity="info">{words.none}</Alert>
          ) : (
            <DataTable label={words.title} columns={words.columns}>
              {all.map((container) => (
                <Row key={container.id} container={container} onStop={() => setAsked(container)} />
              ))}
            </DataTable>
          )
        }
      </Loaded>
      <ConfirmDialog
        open={asked !== null}
        title={words.stopTitle(asked?.id ?? "")}
        text={words.stopText}
        confirm={messages.stopConfirm}
        onConfirm={() => {
          if (asked) end.mutate(asked);
          setAsked(null);
        }}
        onClose={() => setAsked(null)}
      />
    </>
  );
}

function Row({ container, onStop }: { container: Container; onStop: () => void }) {
  return (
    <TableRow>
      <TableCell>{container.owner}</TableCell>
      <TableCell>{container.name}</TableCell>
      <TableCell>{stateWords[container.state]}</TableCell>
      <TableCell>{container.machine}</TableCell>
      <TableCell>{container.gpus.length}</TableCell>
      <TableCell>
        <Moment at={container.ready_at ?? container.requested_at} />
      </TableCell>
      <TableCell>
        <Button
          size="small"
          color="error"
          disabled={container.state === "stopping"}
          aria-label={words.stopNamed(container.id)}
          onClick={onStop}
        >
          {messages.stop}
        </Button>
      </TableCell>
    </TableRow>
  );
}
