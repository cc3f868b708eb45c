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
import { CheckIcon, ClockIcon, WarnIcon } from "../../components/icons";
import { Loaded } from "../../components/Loaded";
import { Moment } from "../../components/Moment";
import { useWords } from "../../words/Words";
import { type Act, type AuditFilter, auditQuery } from "./queries";
import { Sign } from "./Sign";

const COLUMNS = ["at", "actor", "action", "target", "outcome", "client", "facts"] as const;

const LOOK = { asked: [ClockIcon, "action"], done: [CheckIcon, "success"], failed: [WarnIcon, "error"] } as const;

/** Who did what to what, when and from where; newest first. */
export function Audit() {
  const t = useWords();
  const [search, setSearch] = useSearchParams();
  const filter = { actor: search.get("actor") ?? "", target: search.get("target") ?? "" };
  const log = useInfiniteQuery(auditQuery(filter));
  return (
    <Stack spacing={2}>
      <Filter
        key={search.toString()}
        filter={filter}
        onFilter={(chosen) => setSearch(Object.fromEntries(Object.entries(chosen).filter(([, value]) => value)))}
        onRefresh={() => log.refetch()}
      />
      <Loaded query={log}>{({ pages }) => <Lines acts={pages.flatMap((page) => page.acts)} />}</Loaded>
      {log.hasNextPage && (
        <Button onClick={() => log.fetchNextPage()} disabled={log.isFetching} sx={{ alignSelf: "center" }}>
          {t("admin.audit.older")}
        </Button>
      )}
    </Stack>
  );
}

type FilterProps = { filter: AuditFilter; onFilter: (filter: AuditFilter) => void; onRefresh: () => void };

function Filter({ filter, onFilter, onRefresh }: FilterProps) {
  const t = useWords();
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
          label={t(`admin.audit.${field}`)}
          value={typed[field]}
          onChange={(event) => setTyped({ ...typed, [field]: event.target.value })}
          sx={{ width: { xs: "100%", sm: "auto" } }}
        />
      ))}
      <Button type="submit" variant="outlined">
        {t("admin.audit.filter")}
      </Button>
      {(filter.actor !== "" || filter.target !== "") && (
        <Button onClick={() => onFilter({ actor: "", target: "" })}>{t("admin.audit.all")}</Button>
      )}
      <Button onClick={onRefresh} sx={{ ml: { sm: "auto" } }}>
        {t("admin.audit.refresh")}
      </Button>
    </Stack>
  );
}

function Lines({ acts }: { acts: Act[] }) {
  const t = useWords();
  if (acts.length === 0) return <Alert severity="info">{t("admin.audit.none")}</Alert>;
  return (
    <DataTable label={t("admin.part.audit")} columns={COLUMNS.map((column) => t(`admin.audit.${column}`))}>
      {acts.map((act) => (
        <Line key={act.id} act={act} />
      ))}
    </DataTable>
  );
}

function Line({ act }: { act: Act }) {
  const t = useWords();
  const [icon, color] = LOOK[act.outcome];
  return (
    <TableRow>
      <TableCell sx={{ whiteSpace: "nowrap" }}>
        <Moment at={act.at} />
      </TableCell>
      <TableCell>
        {act.actor === "" ? t("common.dash") : act.actor}
        {act.token_id !== null && (
          <Typography variant="caption" component="div" color="textSecondary">
            {t("admin.audit.byToken", { id: act.token_id })}
          </Typography>
        )}
      </TableCell>
      <TableCell>{act.action}</TableCell>
      <TableCell sx={{ overflowWrap: "anywhere", minWidth: 120 }}>{act.target}</TableCell>
      <TableCell>
        <Sign icon={icon} color={color} word={t(`admin.audit.outcome.${act.outcome}`)} />
      </TableCell>
      <TableCell>{act.client}</TableCell>
      <TableCell sx={{ overflowWrap: "anywhere", minWidth: 160 }}>
        {Object.entries(act.facts).map(([name, value]) => (
          <div key={name}>{`${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`}</div>
        ))}
      </TableCell>
    </TableRow>
  );
}
