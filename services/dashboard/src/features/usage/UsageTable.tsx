import Chip from "@mui/material/Chip";
import Paper from "@mui/material/Paper";
import Table from "@mui/material/Table";
import TableBody from "@mui/material/TableBody";
import TableCell from "@mui/material/TableCell";
import TableContainer from "@mui/material/TableContainer";
import TableHead from "@mui/material/TableHead";
import TablePagination from "@mui/material/TablePagination";
import TableRow from "@mui/material/TableRow";
import { useState } from "react";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";
import { useHours } from "./hours";
import { type Row, share } from "./queries";

const PAGE = 25;
const LINE = { fontVariantNumeric: "tabular-nums", px: { xs: 1, sm: 2 } } as const;

type Named = Row & { shown: string };
type Props = { label: string; column: string; rows: Named[]; mine: string | null };

/** Every row of the sums, a page at a time. */
export function UsageTable({ label, column, rows, mine }: Props) {
  const t = useWords();
  const [wanted, setPage] = useState(0);
  const page = Math.min(wanted, Math.ceil(rows.length / PAGE) - 1); // another range may have fewer
  const counted = rows.some((row) => row.gpus !== undefined);
  return (
    <Paper variant="outlined">
      <TableContainer tabIndex={0} role="region" aria-label={label}>
        <Table size="small" aria-label={label}>
          <TableHead>
            <TableRow>
              <TableCell sx={LINE}>{column}</TableCell>
              {[counted && t("usage.gpus"), t("usage.held.short"), t("usage.used.short"), t("usage.share")]
                .filter((each) => each !== false)
                .map((each) => (
                  <TableCell key={each} align="right" sx={LINE}>
                    {each}
                  </TableCell>
                ))}
            </TableRow>
          </TableHead>
          <TableBody>
            {rows.slice(page * PAGE, (page + 1) * PAGE).map((row) => (
              <Line key={row.name} row={row} mine={row.name === mine} />
            ))}
          </TableBody>
        </Table>
      </TableContainer>
      {rows.length > PAGE && (
        <TablePagination
          component="div"
          count={rows.length}
          page={page}
          rowsPerPage={PAGE}
          rowsPerPageOptions={[]}
          onPageChange={(_, next) => setPage(next)}
        />
      )}
    </Paper>
  );
}

function Line({ row, mine }: { row: Named; mine: boolean }) {
  const t = useWords();
  const f = useFormat();
  const hours = useHours();
  const ratio = share(row);
  const dash = t("common.dash");
  return (
    <TableRow selected={mine} aria-current={mine || undefined}>
      <TableCell component="th" scope="row" sx={{ ...LINE, overflowWrap: "anywhere", minWidth: 110 }}>
        {row.shown} {mine && <Chip size="small" color="primary" variant="outlined" label={t("usage.you")} />}
      </TableCell>
      {row.gpus !== undefined && (
        <TableCell align="right" sx={LINE}>
          {row.gpus === null ? dash : f.number(row.gpus)}
        </TableCell>
      )}
      <TableCell align="right" sx={LINE}>
        {hours(row.held)}
      </TableCell>
      <TableCell align="right" sx={LINE}>
        {hours(row.used)}
      </TableCell>
      <TableCell align="right" sx={LINE}>
        {ratio === null ? dash : f.percent(ratio)}
      </TableCell>
    </TableRow>
  );
}
