import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import TableCell from "@mui/material/TableCell";
import TableRow from "@mui/material/TableRow";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { useInfiniteQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useSearchParams } from "react-router";
import { DataTable } from "../../components/DataTable";
import { Loaded } from "../../components/Loaded";
import { Moment } from "../../components/Moment";
import { messages } from "../../messages";
import { type Act, type AuditFilter, auditQuery } from "./queries";

const words = messages.admin.audit;

/** Who did what to what, when and from where; newest first. */
export function Audit() {
  const [search, setSearch] = useSearchParams();
  const filter = { actor: search.get("actor") ?? "", target: search.get("target") ?? "" };
  const log = useInfiniteQuery(auditQuery(filter));
  return (
    <Stack spacing={2}>
      <Filter
        key={search.toString()}
        filter={filter}
        onFilter={(chosen) => setSearch(Object.fromEntries(Object.entries(chosen).filter(([, value]) => value)))}
      />
      <Loaded query={log}>{({ pages }) => <Lines acts={pages.flatMap((page) => page.acts)} />}</Loaded>
      {log.hasNextPage && (
        <Button onClick={() => log.fetchNextPage()} disabled={log.isFetching} sx={{ alignSelf: "center" }}>
          {words.older}
        </Button>
      )}
    </Stack>
  );
}

function Filter({ filter, onFilter }: { filter: AuditFilter; onFilter: (filter: AuditFilter) => void }) {
  const [typed, setTyped] = useState(filter);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onFilter({ actor: typed.actor.trim(), target: typed.target.trim() });
  };
  return (
    <Stack component="form" direction="row" useFlexGap spacing={1} onSubmit={submit} sx={{ flexWrap: "wrap" }}>
      {(["actor", "target"] as const).map((field) => (
        <TextField
          key={field}
          size="small"
          label={words[field]}
          value={typed[field]}
          onChange={(event) => setTyped({ ...typed, [field]: event.target.value })}
        />
      ))}
      <Button type="submit" variant="outlined">
        {words.filter}
      </Button>
    </Stack>
  );
}

function Lines({ acts }: { acts: Act[] }) {
  if (acts.length === 0) return <Alert severity="info">{words.none}</Alert>;
  return (
    <DataTable
      label={words.title}
      columns={[words.at, words.actor, words.action, words.target, words.outcome, words.client, words.facts]}
    >
      {acts.map((act) => (
        <TableRow key={act.id}>
          <TableCell sx={{ whiteSpace: "nowrap" }}>
            <Moment at={act.at} />
          </TableCell>
          <TableCell>
            {act.actor === "" ? messages.dash : act.actor}
            {act.token_id !== null && (
              <Typography variant="caption" component="div" color="textSecondary">
                {words.byToken(act.token_id)}
              </Typography>
            )}
          </TableCell>
          <TableCell>{act.action}</TableCell>
          <TableCell sx={{ overflowWrap: "anywhere", minWidth: 120 }}>{act.target}</TableCell>
          <TableCell>{act.outcome}</TableCell>
          <TableCell>{act.client}</TableCell>
          <TableCell sx={{ overflowWrap: "anywhere", minWidth: 160 }}>
            {Object.entries(act.facts)
              .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
              .join(", ")}
          </TableCell>
        </TableRow>
      ))}
    </DataTable>
  );
}
