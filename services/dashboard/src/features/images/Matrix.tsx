import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Paper from "@mui/material/Paper";
import Table from "@mui/material/Table";
import TableBody from "@mui/material/TableBody";
import TableCell from "@mui/material/TableCell";
import TableContainer from "@mui/material/TableContainer";
import TableHead from "@mui/material/TableHead";
import TablePagination from "@mui/material/TablePagination";
import TableRow from "@mui/material/TableRow";
import TextField from "@mui/material/TextField";
import ToggleButton from "@mui/material/ToggleButton";
import ToggleButtonGroup from "@mui/material/ToggleButtonGroup";
import Typography from "@mui/material/Typography";
import { type MouseEvent, memo, useMemo, useState } from "react";
import { useWords } from "../../words/Words";
import { PresenceCell } from "./PresenceCell";
import { type Filter, filtered, type Row, rowsOf } from "./presence";
import type { Fetch, Image, Where } from "./queries";

const PAGE_SIZES = [25, 50, 100];
const FILTERS = ["all", "lacking", "fetching"] as const;
const FIRST = { position: "sticky", left: 0, zIndex: 1, backgroundColor: "background.paper" } as const;
const NAME = { minWidth: 96, maxWidth: 200, overflowWrap: "anywhere", fontWeight: 600, verticalAlign: "top" } as const;
const TOUCH = { "@media (pointer: coarse)": { minHeight: 44 } };

type Props = { images: readonly Image[]; onFetch: ((fetch: Fetch) => void) | null };

/** Which machine has which image: a row for each machine, a column for each image. */
export function Matrix({ images, onFetch }: Props) {
  const t = useWords();
  const [filter, setFilter] = useState<Filter>("all");
  const [search, setSearch] = useState("");
  const [page, setPage] = useState(0);
  const [size, setSize] = useState(25);
  const rows = useMemo(() => rowsOf(images), [images]);
  const found = useMemo(() => filtered(rows, filter, search), [rows, filter, search]);
  const at = Math.min(page, Math.max(0, Math.ceil(found.length / size) - 1));
  return (
    <Box component="section" aria-label={t("images.table")} sx={{ display: "grid", gap: 1.5, minWidth: 0 }}>
      <Typography variant="h6" component="h2">
        {t("images.table")}
      </Typography>
      <Box sx={{ display: "flex", flexWrap: "wrap", gap: 1.5, alignItems: "center" }}>
        <TextField
          type="search"
          size="small"
          label={t("images.search")}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          slotProps={{ htmlInput: { "data-shortcut": "search", autoComplete: "off", spellCheck: false } }}
        />
        <ToggleButtonGroup
          exclusive
          size="small"
          value={filter}
          aria-label={t("images.show")}
          onChange={(_, chosen: Filter | null) => chosen !== null && setFilter(chosen)}
        >
          {FILTERS.map((each) => (
            <ToggleButton key={each} value={each} sx={{ minHeight: 40, ...TOUCH }}>
              {t(`images.show.${each}`)}
            </ToggleButton>
          ))}
        </ToggleButtonGroup>
      </Box>
      {found.length === 0 ? (
        <NoMatch
          onShowAll={() => {
            setFilter("all");
            setSearch("");
          }}
        />
      ) : (
        <TableContainer component={Paper} variant="outlined" tabIndex={0} role="region" aria-label={t("images.table")}>
          <Table size="small">
            <TableHead>
              <TableRow>
                <TableCell component="th" scope="col" sx={FIRST}>
                  {t("images.machine")}
                </TableCell>
                {images.map((image) => (
                  <TableCell key={image.name} component="th" scope="col">
                    {image.title}
                  </TableCell>
                ))}
              </TableRow>
            </TableHead>
            <TableBody>
              {found.slice(at * size, (at + 1) * size).map((row) => (
                <MachineRow key={row.machine} row={row} images={images} onFetch={onFetch} />
              ))}
            </TableBody>
          </Table>
        </TableContainer>
      )}
      {found.length > Math.min(...PAGE_SIZES) && (
        <TablePagination
          component="div"
          count={found.length}
          page={at}
          rowsPerPage={size}
          rowsPerPageOptions={PAGE_SIZES}
          onPageChange={(_, next) => setPage(next)}
          onRowsPerPageChange={(event) => setSize(Number(event.target.value))}
        />
      )}
    </Box>
  );
}

function NoMatch({ onShowAll }: { onShowAll: () => void }) {
  const t = useWords();
  return (
    <Box role="status" sx={{ py: 2 }}>
      <Typography>{t("images.noMatch")}</Typography>
      <Button onClick={onShowAll} sx={{ minHeight: 44 }}>
        {t("images.showAll")}
      </Button>
    </Box>
  );
}

const MachineRow = memo(function MachineRow({ row, images, onFetch }: { row: Row } & Props) {
  return (
    <TableRow>
      <TableCell component="th" scope="row" sx={{ ...FIRST, ...NAME }}>
        {row.machine}
      </TableCell>
      {images.map((image, index) => (
        <ImageCell key={image.name} image={image} where={row.cells[index]} onFetch={onFetch} />
      ))}
    </TableRow>
  );
});

function ImageCell({ image, where, onFetch }: { image: Image; where: Where | undefined; onFetch: Props["onFetch"] }) {
  const t = useWords();
  if (where === undefined) return <TableCell>{t("common.dash")}</TableCell>;
  const fetch = (event: MouseEvent<HTMLElement>) => {
    // The button goes as soon as it is on its way; the keyboard's place is kept.
    event.currentTarget.closest("td")?.focus({ preventScroll: true });
    onFetch?.({ image: image.name, machines: [where.machine] });
  };
  const lacks = where.state === "absent";
  return (
    <TableCell tabIndex={-1} sx={{ verticalAlign: "top" }}>
      <PresenceCell where={where} image={image.title} />
      {lacks && onFetch !== null && (
        <Button
          size="small"
          onClick={fetch}
          aria-label={t("images.fetchNamed", { image: image.title, machine: where.machine })}
          sx={{ ml: -0.75, ...TOUCH }}
        >
          {t("images.fetch")}
        </Button>
      )}
    </TableCell>
  );
}
