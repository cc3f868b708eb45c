import BlockOutlined from "@mui/icons-material/BlockOutlined";
import CheckCircleOutlined from "@mui/icons-material/CheckCircleOutlined";
import CloudOffOutlined from "@mui/icons-material/CloudOffOutlined";
import Contrast from "@mui/icons-material/Contrast";
import DoNotDisturbOnOutlined from "@mui/icons-material/DoNotDisturbOnOutlined";
import HelpOutlineOutlined from "@mui/icons-material/HelpOutlineOutlined";
import LinkOff from "@mui/icons-material/LinkOff";
import LockOutlined from "@mui/icons-material/LockOutlined";
import PersonOutlined from "@mui/icons-material/PersonOutlined";
import ReportProblemOutlined from "@mui/icons-material/ReportProblemOutlined";
import Schedule from "@mui/icons-material/Schedule";
import type { GpuState } from "./gpuState";
import type { Machine } from "./queries";

type Color = "success" | "warning" | "error" | "default";
type Icon = typeof Schedule;

/** Each state has an icon and a word of its own; colour only helps. */
export const MACHINE_LOOK: Record<Machine["state"], readonly [Icon, Color]> = {
  free: [CheckCircleOutlined, "success"],
  partly_free: [Contrast, "success"],
  full: [DoNotDisturbOnOutlined, "warning"],
  closed: [LockOutlined, "warning"],
  stale: [Schedule, "default"],
  unreachable: [CloudOffOutlined, "error"],
};

export const GPU_LOOK: Record<GpuState, readonly [Icon, Color]> = {
  free: [CheckCircleOutlined, "success"],
  held: [PersonOutlined, "default"],
  foreign: [ReportProblemOutlined, "warning"],
  notGiven: [BlockOutlined, "default"],
  lost: [LinkOff, "error"],
  unknown: [HelpOutlineOutlined, "default"],
};
