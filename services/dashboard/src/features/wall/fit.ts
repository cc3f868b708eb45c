export type Box = { width: number; height: number };
/** Tiles on one screen: `em` is the size of their letters in pixels, `across` how many GPUs stand beside each other in one. */
export type Fit = { kind: "big" | "dense"; columns: number; rows: number; em: number; across: number };

type Shape = Pick<Fit, "kind" | "across"> & { least: Box; smallest: number };

export const GAP = 12;
const LARGEST = 40;
const SMALLEST = 14;
const MOST_PAGES = 4;

/** What a tile needs, in em: its title, and for each GPU a name, since when, its memory. */
function big(gpus: number, across: number): Shape {
  return {
    kind: "big",
    across,
    least: { width: 1.6 + across * 16.5, height: 4.4 + Math.ceil(gpus / across) * 6.4 },
    smallest: SMALLEST,
  };
}

/** A tile with a title and one small square for each GPU. */
function dense(gpus: number): Shape {
  const across = Math.min(Math.max(gpus, 1), 8);
  return {
    kind: "dense",
    across,
    least: { width: Math.max(11, 1.4 + across * 1.5), height: 3 + Math.ceil(Math.max(gpus, 1) / across) * 1.5 },
    smallest: 12,
  };
}

const most = (room: number, each: number) => Math.max(1, Math.floor((room + GAP) / (each + GAP)));

/** The letters that `columns` times `rows` of such tiles leave room for. */
function lettersOf({ width, height }: Box, { least }: Shape, columns: number, rows: number): number {
  const wide = (width - (columns - 1) * GAP) / columns / least.width;
  const high = (height - (rows - 1) * GAP) / rows / least.height;
  return Math.min(LARGEST, wide, high);
}

/** The largest tiles of one shape that show `count` at once, or, where the letters would be too small, as many as can be read. */
function shaped(count: number, box: Box, shape: Shape): Fit {
  const { least, smallest, kind, across } = shape;
  const widest = most(box.width, least.width * smallest);
  const choices = Array.from({ length: Math.min(count, widest) }, (_, index) => {
    const columns = index + 1;
    const rows = Math.ceil(count / columns);
    return { kind, across, columns, rows, em: lettersOf(box, shape, columns, rows) };
  });
  const best = choices.reduce((one, other) => (other.em > one.em ? other : one));
  if (best.em >= smallest) return best;
  const rows = most(box.height, least.height * smallest);
  return { kind, across, columns: widest, rows, em: lettersOf(box, shape, widest, rows) };
}

const pagesOf = (count: number, fit: Fit) => Math.ceil(count / (fit.columns * fit.rows));

/** What can be read first, then fewer pages, then larger letters. */
function better(count: number) {
  const rank = (each: Fit) => [each.em >= SMALLEST ? 0 : 1, pagesOf(count, each), -each.em];
  return (one: Fit, other: Fit) => {
    const [ours, theirs] = [rank(one), rank(other)];
    const differs = ours.findIndex((value, index) => value !== theirs[index]);
    return differs >= 0 && (theirs[differs] ?? 0) < (ours[differs] ?? 0) ? other : one;
  };
}

/** How `count` machines (at least one) with up to `gpus` GPUs each are shown in `box`; dense where that would take too many pages. */
export function fitted(count: number, gpus: number, box: Box): Fit {
  const wanted = Math.max(gpus, 1);
  const choices = [1, 2, 4, 8].filter((across) => across <= wanted).map((across) => big(wanted, across));
  const bigs = choices.map((shape) => shaped(count, box, shape)).reduce(better(count));
  return pagesOf(count, bigs) <= MOST_PAGES ? bigs : shaped(count, box, dense(gpus));
}

/** The machines of each page. */
export function pages<T>(all: readonly T[], { columns, rows }: Fit): T[][] {
  const each = columns * rows;
  return Array.from({ length: Math.ceil(all.length / each) }, (_, page) => all.slice(page * each, (page + 1) * each));
}
