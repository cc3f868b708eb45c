import SvgIcon, { type SvgIconProps } from "@mui/material/SvgIcon";

const draw = (path: string) => (props: SvgIconProps) => (
  <SvgIcon {...props} viewBox="0 0 24 24">
    <path d={path} fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" />
  </SvgIcon>
);

export const CheckIcon = draw("M5 12.500l4.500 4.500L19 7.500");
export const HalfIcon = draw("M12 4a8 8 0 1 0 0 16a8 8 0 1 0 0-16M12 4v16");
export const FullIcon = draw("M12 4a8 8 0 1 0 0 16a8 8 0 1 0 0-16M8 12h8");
export const ClockIcon = draw("M12 4a8 8 0 1 0 0 16a8 8 0 1 0 0-16M12 8v4l3 2");
export const AwayIcon = draw("M5 5l14 14M19 5L5 19");
export const WarnIcon = draw("M12 4L3 20h18zM12 10v4M12 17v.01");
export const PersonIcon = draw("M12 12a4 4 0 1 0 0-8a4 4 0 1 0 0 8M5 20c1-4 4-5 7-5s6 1 7 5");
export const OpenIcon = draw("M14 5h5v5M19 5l-8 8M11 5H6a1 1 0 0 0-1 1v12a1 1 0 0 0 1 1h12a1 1 0 0 0 1-1v-5");
export const SunIcon = draw(
  "M12 8a4 4 0 1 0 0 8a4 4 0 1 0 0-8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.400 1.400M17.600 17.600L19 19M19 5l-1.400 1.400M6.400 17.600L5 19",
);
export const MoonIcon = draw("M20 14.500A8 8 0 0 1 9.500 4a8 8 0 1 0 10.500 10.500z");
