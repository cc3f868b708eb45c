import { createTheme } from "@mui/material/styles";

/** The only place with colours. */
export const theme = createTheme({
  cssVariables: { colorSchemeSelector: "data" },
  colorSchemes: {
    light: {
      palette: {
        primary: { main: "#a8201a" },
        success: { main: "#2a6b2e" },
        warning: { main: "#8a4b00" },
        error: { main: "#b3261e" },
        info: { main: "#1f5f8b" },
        background: { default: "#faf9f7", paper: "#ffffff" },
      },
    },
    dark: {
      palette: {
        primary: { main: "#ff8a75" },
        success: { main: "#8fd694" },
        warning: { main: "#ffb861" },
        error: { main: "#ff9c93" },
        info: { main: "#8cc8f0" },
        background: { default: "#171614", paper: "#211f1c" },
      },
    },
  },
  shape: { borderRadius: 8 },
  typography: {
    fontFamily: 'system-ui, "Noto Sans", "Noto Sans CJK JP", "DejaVu Sans", sans-serif',
    button: { textTransform: "none", fontWeight: 600 },
  },
  components: {
    MuiCardContent: { styleOverrides: { root: { padding: 16, "&:last-child": { paddingBottom: 16 } } } },
    MuiLinearProgress: {
      styleOverrides: { bar: { "@media (prefers-reduced-motion: reduce)": { transition: "none" } } },
    },
  },
});
