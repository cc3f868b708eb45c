import { styled } from "@mui/material/styles";

/** Text for who listens to the page instead of looking at it. */
export const Hidden = styled("span")({
  position: "absolute",
  width: 1,
  height: 1,
  margin: -1,
  overflow: "hidden",
  clipPath: "inset(50%)",
  whiteSpace: "nowrap",
});
