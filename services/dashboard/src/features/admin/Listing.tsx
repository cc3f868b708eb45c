import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Stack from "@mui/material/Stack";
import TablePagination from "@mui/material/TablePagination";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { type ReactNode, useState } from "react";
import { useWords } from "../../words/Words";

const PAGE = 25;

type Props<T> = {
  rows: readonly T[];
  /** What a row is found by. */
  textOf: (row: T) => string;
  search: string;
  /** What is said where there are no rows at all. */
  none: string;
  children: (shown: T[]) => ReactNode;
};

/** Rows that hold what is searched for, a page at a time, so that a thousand are as quick as ten. */
export function Listing<T>({ rows, textOf, search, none, children }: Props<T>) {
  const t = useWords();
  const [sought, setSought] = useState("");
  const [wanted, setPage] = useState(0);
  if (rows.length === 0) return <Alert severity="info">{none}</Alert>;
  const found = rows.filter((row) => textOf(row).toLowerCase().includes(sought.trim().toLowerCase()));
  const page = Math.max(0, Math.min(wanted, Math.ceil(found.length / PAGE) - 1)); // rows may have gone meanwhile
  return (
    <Stack spacing={1}>
      <Box sx={{ display: "flex", flexWrap: "wrap", gap: 1.5, alignItems: "center" }}>
        <TextField
          type="search"
          size="small"
          label={search}
          value={sought}
          onChange={(event) => {
            setSought(event.target.value);
            setPage(0);
          }}
          sx={{ width: { xs: "100%", sm: 320 } }}
        />
        <Typography role="status" variant="body2" color="textSecondary">
          {t("admin.found", { found: found.length, all: rows.length })}
        </Typography>
      </Box>
      {found.length === 0 ? (
        <Alert severity="info">{t("admin.notFound")}</Alert>
      ) : (
        children(found.slice(page * PAGE, (page + 1) * PAGE))
      )}
      {found.length > PAGE && (
        <TablePagination
          component="div"
          count={found.length}
          page={page}
          rowsPerPage={PAGE}
          rowsPerPageOptions={[]}
          onPageChange={(_, next) => setPage(next)}
        />
      )}
    </Stack>
  );
}
