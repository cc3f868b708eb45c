import Button from "@mui/material/Button";
import { useTheme } from "@mui/material/styles";
import useMediaQuery from "@mui/material/useMediaQuery";
import { DataGrid, type GridColDef, type GridSortModel } from "@mui/x-data-grid";
import { enUS, jaJP, zhCN } from "@mui/x-data-grid/locales";
import { useMemo } from "react";
import { nonce } from "../../api/browser";
import { share, spelled } from "../../components/format";
import { useFormat } from "../../words/format";
import type { Language } from "../../words/language";
import { useLanguage, useWords } from "../../words/Words";
import { isOld, startable } from "./aging";
import { hottest, load, type Order, type Sort } from "./choosing";
import { GpuCells } from "./GpuCells";
import { cpuText, networkText } from "./MachineFacts";
import type { Preference } from "./preference";
import type { Machine } from "./queries";
import { StateChip } from "./StateChip";

const WORDS = { en: enUS, ja: jaJP, "zh-CN": zhCN } satisfies Record<Language, object>;
const FIELD: Record<Sort, string> = { free: "state", name: "name", load: "load", temperature: "temperature" };
const SORTED = Object.entries(FIELD) as [Sort, string][];
const PAGE = 100; // as many as the grid gives for free
const ROW = 48;

// Made once, so that the grid draws only what changed.
const PAGES = [PAGE];
const START = { pagination: { paginationModel: { pageSize: PAGE } } };
const LOOK = {
  fontVariantNumeric: "tabular-nums",
  "& .old": { color: "text.secondary", filter: "grayscale(1)" },
};
const nameOf = (machine: Machine) => machine.name;
const ageOf = ({ row }: { row: Machine }) => (isOld(row) ? "old" : "");

const ofModel = (model: GridSortModel): Order => ({
  sort: SORTED.find(([, field]) => field === model[0]?.field)?.[0] ?? "free",
  reversed: model[0]?.sort === "desc",
});

type Props = {
  machines: readonly Machine[];
  me: string | null;
  onStart: ((machine: string) => void) | null;
  preference: Preference;
  onPreference: (preference: Preference) => void;
};

/** Machines as a dense table, in the order they come; its headers change the order. */
export function MachineTable({ machines, me, onStart, preference, onPreference }: Props) {
  const columns = useColumns(machines, me, onStart);
  const { breakpoints } = useTheme();
  const wide = useMediaQuery(breakpoints.up("xl"));
  const narrow = useMediaQuery(breakpoints.down("sm"));
  const t = useWords();
  const starts = onStart !== null;
  const shown = useMemo(() => ({ disk: !narrow, network: wide, start: starts }), [narrow, wide, starts]);
  const { sort, reversed } = preference;
  const sortModel = useMemo(
    () => [{ field: FIELD[sort], sort: reversed ? ("desc" as const) : ("asc" as const) }],
    [sort, reversed],
  );
  return (
    <div style={{ display: "flex", flexDirection: "column", maxHeight: "max(420px, calc(100dvh - 160px))" }}>
      <DataGrid
        {...(nonce && { nonce })}
        aria-label={t("machines.list")}
        rows={machines}
        getRowId={nameOf}
        columns={columns}
        columnVisibilityModel={shown}
        rowHeight={ROW}
        columnHeaderHeight={40}
        localeText={WORDS[useLanguage()].components.MuiDataGrid.defaultProps.localeText}
        sortingMode="server"
        sortingOrder={["asc", "desc"]}
        sortModel={sortModel}
        onSortModelChange={(model) => onPreference({ ...preference, ...ofModel(model) })}
        pageSizeOptions={PAGES}
        initialState={START}
        hideFooter={machines.length <= PAGE}
        getRowClassName={ageOf}
        disableColumnMenu
        disableRowSelectionOnClick
        sx={LOOK}
      />
    </div>
  );
}

function useColumns(machines: readonly Machine[], me: string | null, onStart: Props["onStart"]): GridColDef<Machine>[] {
  const t = useWords();
  const f = useFormat();
  const most = machines.reduce((all, machine) => Math.max(all, machine.gpus.length), 0);
  return useMemo(() => {
    const dash = t("common.dash");
    const plain = { sortable: false } as const;
    const people = ({ containers }: Machine) =>
      containers.map(({ owner }) => (owner === me ? t("machines.you", { name: spelled(owner) }) : spelled(owner)));
    return [
      {
        field: "name",
        headerName: t("machines.machine"),
        flex: 1,
        minWidth: 130,
        renderCell: ({ row }) => (
          <strong title={row.name} style={{ overflow: "hidden", textOverflow: "ellipsis" }}>
            {row.name}
          </strong>
        ),
      },
      {
        field: "state",
        display: "flex",
        headerName: t("machines.state"),
        width: 185,
        renderCell: ({ row }) => (
          <>
            <StateChip machine={row} />
            {isOld(row) && row.sample_age_seconds !== null && (
              <span style={{ marginLeft: 6 }}>{t("common.old", { age: f.duration(row.sample_age_seconds) })}</span>
            )}
          </>
        ),
      },
      {
        ...plain,
        field: "start",
        display: "flex",
        headerName: t("machines.start"),
        width: 120,
        renderCell: ({ row }) =>
          onStart &&
          startable(row) && (
            <Button
              size="small"
              aria-label={t("machines.startOn", { machine: row.name })}
              onClick={() => onStart(row.name)}
            >
              {t("machines.startHere")}
            </Button>
          ),
      },
      {
        ...plain,
        field: "gpus",
        display: "flex",
        headerName: t("machines.gpus"),
        width: 20 + Math.max(1, most) * 68,
        renderCell: ({ row }) => <GpuCells machine={row} />,
      },
      {
        ...plain,
        field: "people",
        headerName: t("machines.people"),
        flex: 1,
        minWidth: 140,
        valueGetter: (_, row) => people(row).join(", "),
      },
      {
        field: "load",
        headerName: t("machines.sort.load"),
        width: 84,
        renderCell: ({ row }) => {
          const value = load(row);
          return value === null ? dash : f.percent(value);
        },
      },
      {
        field: "temperature",
        headerName: t("machines.temperature"),
        width: 130,
        renderCell: ({ row }) => {
          const value = hottest(row);
          return value === null ? dash : f.celsius(value);
        },
      },
      {
        ...plain,
        field: "cpu",
        headerName: t("machines.cpu"),
        width: 100,
        renderCell: ({ row }) => cpuText(row, t, f) ?? dash,
      },
      {
        ...plain,
        field: "memory",
        headerName: t("machines.memory"),
        width: 130,
        renderCell: ({ row }) => f.amounts(row.memory_used_bytes, row.memory_total_bytes) ?? dash,
      },
      {
        ...plain,
        field: "disk",
        headerName: t("machines.disk"),
        width: 80,
        renderCell: ({ row }) => {
          const ratio = share(row.disk_used_bytes, row.disk_total_bytes);
          return (
            <span title={f.amounts(row.disk_used_bytes, row.disk_total_bytes) ?? undefined}>
              {ratio === null ? dash : f.percent(ratio)}
            </span>
          );
        },
      },
      {
        ...plain,
        field: "network",
        headerName: t("machines.network"),
        width: 190,
        renderCell: ({ row }) => networkText(row, t, f),
      },
    ];
  }, [t, f, me, most, onStart]);
}
