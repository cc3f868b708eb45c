import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import type { ReactNode } from "react";

/** A page's heading, with what one may do there. */
export function PageTitle({ children, action }: { children: string; action?: ReactNode }) {
  return (
    <Box sx={{ display: "flex", flexWrap: "wrap", gap: 1, alignItems: "center", justifyContent: "space-between" }}>
      <Typography variant="h5" component="h1">
        {children}
      </Typography>
      {action}
    </Box>
  );
}
