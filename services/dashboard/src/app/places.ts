import AdminIcon from "@mui/icons-material/AdminPanelSettingsOutlined";
import UsageIcon from "@mui/icons-material/BarChart";
import HomeIcon from "@mui/icons-material/DnsOutlined";
import TokensIcon from "@mui/icons-material/KeyOutlined";
import ImagesIcon from "@mui/icons-material/LayersOutlined";
import ApiIcon from "@mui/icons-material/MenuBookOutlined";
import DeviceIcon from "@mui/icons-material/TerminalOutlined";
import WallIcon from "@mui/icons-material/TvOutlined";
import type SvgIcon from "@mui/material/SvgIcon";
import type { Key } from "../words/Words";

/** A page that one can go to; `letter` follows `g`. */
export type Place = { to: `/${string}`; name: Key; icon: typeof SvgIcon; letter?: string };

const MAIN: readonly Place[] = [
  { to: "/", name: "frame.home", icon: HomeIcon, letter: "m" },
  { to: "/images", name: "frame.images", icon: ImagesIcon, letter: "i" },
  { to: "/usage", name: "frame.usage", icon: UsageIcon, letter: "u" },
  { to: "/wall", name: "frame.wall", icon: WallIcon, letter: "w" },
];
const ADMIN: Place = { to: "/admin", name: "frame.admin", icon: AdminIcon, letter: "a" };

/** Where one goes from every page. */
export const mainPlaces = (admin: boolean): readonly Place[] => (admin ? [...MAIN, ADMIN] : MAIN);

/** The pages about oneself. */
export const OWN_PLACES: readonly Place[] = [
  { to: "/tokens", name: "frame.tokens", icon: TokensIcon },
  { to: "/device", name: "frame.device", icon: DeviceIcon },
  { to: "/api-docs", name: "frame.docs", icon: ApiIcon },
];

const NAMES = new Map<string, Key>([
  ...[...MAIN, ADMIN, ...OWN_PLACES].map(({ to, name }) => [roomOf(to), name] as const),
  ["containers", "frame.container"],
]);

/** The first part of an address: what changes when one goes to another page. */
export function roomOf(pathname: string): string {
  return pathname.split("/")[1] ?? "";
}

/** What the page at an address is called; null: there is none. */
export const nameOf = (pathname: string): Key | null => NAMES.get(roomOf(pathname)) ?? null;
