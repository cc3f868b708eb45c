import Button from "@mui/material/Button";
import Link from "@mui/material/Link";
import TableCell from "@mui/material/TableCell";
import TableRow from "@mui/material/TableRow";
import Typography from "@mui/material/Typography";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link as RouterLink } from "react-router";
import { ConfirmDialog } from "../../components/ConfirmDialog";
import { DataTable } from "../../components/DataTable";
import { spelled } from "../../components/format";
import { AwayIcon, CheckIcon, ClockIcon, WarnIcon } from "../../components/icons";
import { Loaded } from "../../components/Loaded";
import { Moment } from "../../components/Moment";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";
import { Listing } from "./Listing";
import { Outcome } from "./Outcome";
import { allContainersQuery, type Container, endMutation } from "./queries";
import { Sign } from "./Sign";

const COLUMNS = ["owner", "name", "state", "machine", "gpus", "since", "actions"] as const;

const LOOK = {
  pending: [ClockIcon, "action"],
  pulling: [ClockIcon, "action"],
  booting: [ClockIcon, "action"],
  ready: [CheckIcon, "success"],
  stopping: [ClockIcon, "action"],
  failed: [WarnIcon, "error"],
  lost: [AwayIcon, "error"],
} as const;

/** Everybody's containers, and the way to end one. */
export function Containers() {
  const t = useWords();
  const containers = useQuery(allContainersQuery());
  const end = useMutation(endMutation(useQueryClient()));
  const [asked, setAsked] = useState<Container | null>(null);
  return (
    <>
      <Outcome of={end} />
      <Loaded query={containers}>
        {(all) => (
          <Listing
            rows={all}
            textOf={({ id, owner, machine }) => `${id} ${spelled(owner)} ${machine}`}
            search={t("admin.containers.search")}
            none={t("admin.containers.none")}
          >
            {(shown) => (
              <DataTable
                label={t("admin.part.containers")}
                columns={COLUMNS.map((column) => t(`admin.containers.${column}`))}
              >
                {shown.map((container) => (
                  <Row key={container.id} container={container} onStop={() => setAsked(container)} />
                ))}
              </DataTable>
            )}
          </Listing>
        )}
      </Loaded>
      <ConfirmDialog
        open={asked !== null}
        title={t("admin.containers.stopTitle", { id: asked?.id ?? "" })}
        text={t("admin.containers.stopText")}
        confirm={t("admin.containers.stopConfirm")}
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
  const t = useWords();
  const f = useFormat();
  const { id, owner, name, state, machine, gpus } = container;
  const [icon, color] = LOOK[state];
  return (
    <TableRow>
      <TableCell component="th" scope="row" sx={{ overflowWrap: "anywhere", minWidth: 120 }}>
        {spelled(owner)}
        {owner !== spelled(owner) && (
          <Typography variant="caption" component="div" color="textSecondary">
            {owner}
          </Typography>
        )}
      </TableCell>
      <TableCell>
        <Link component={RouterLink} to={`/containers/${encodeURIComponent(id)}`}>
          {name}
        </Link>
      </TableCell>
      <TableCell>
        <Sign icon={icon} color={color} word={t("admin.containers.stateWord", { state })} />
      </TableCell>
      <TableCell>{machine}</TableCell>
      <TableCell>{f.number(gpus.length)}</TableCell>
      <TableCell>
        <Moment at={container.ready_at ?? container.requested_at} />
      </TableCell>
      <TableCell>
        <Button
          size="small"
          color="error"
          disabled={state === "stopping"}
          aria-label={t("admin.named", { action: t("admin.containers.stop"), name: id })}
          onClick={onStop}
        >
          {t("admin.containers.stop")}
        </Button>
      </TableCell>
    </TableRow>
  );
}
