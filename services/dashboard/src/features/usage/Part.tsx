import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Skeleton from "@mui/material/Skeleton";
import Typography from "@mui/material/Typography";
import { lazy, Suspense } from "react";
import { spelled } from "../../components/format";
import type { Row } from "./queries";
import { UsageTable } from "./UsageTable";

const Chart = lazy(() => import("./UsageChart"));
const SHOWN = 10;

/** As high as the chart will be, so that nothing moves when it comes. */
const heightOf = (rows: number) => 90 + rows * 36;

type Props = {
  title: string;
  column: string;
  rows: Row[];
  /** Whose row is mine; null: nobody's. */
  mine: string | null;
  none: string;
  spelledNames?: boolean;
};

/** One way to take the sums apart: a chart of those with the most, and a table of all. */
export function Part({ title, column, rows, mine, none, spelledNames = false }: Props) {
  const named = rows.map((row) => ({ ...row, shown: spelledNames ? spelled(row.name) : row.name }));
  const drawn = named.filter((row) => row.held).slice(0, SHOWN);
  return (
    <Box component="section">
      <Typography variant="h6" component="h2" gutterBottom>
        {title}
      </Typography>
      {rows.length === 0 ? (
        <Alert severity="info">{none}</Alert>
      ) : (
        <>
          {drawn.length > 0 && (
            <Suspense fallback={<Skeleton variant="rounded" height={heightOf(drawn.length)} />}>
              <Chart rows={drawn} label={title} height={heightOf(drawn.length)} />
            </Suspense>
          )}
          <UsageTable label={title} column={column} rows={named} mine={mine} />
        </>
      )}
    </Box>
  );
}
