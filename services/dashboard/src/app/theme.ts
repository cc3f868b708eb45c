import { enUS, jaJP, zhCN } from "@mui/material/locale";
import { createTheme, type Theme, type ThemeOptions } from "@mui/material/styles";
import type { Language } from "../words/language";

// Fonts of the person's own machine; nothing is fetched for them. The same character looks different in each language.
const FONTS: Record<Language, string> = {
  en: '"Noto Sans CJK JP"',
  ja: '"Hiragino Sans", "Yu Gothic UI", Meiryo, "Noto Sans CJK JP", "Noto Sans JP"',
  "zh-CN": '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC"',
};
const MUI_WORDS = { en: enUS, ja: jaJP, "zh-CN": zhCN };

declare module "@mui/material/styles" {
  interface Palette {
    person: Record<"a" | "b" | "c" | "d" | "e", string>;
  }
  interface PaletteOptions {
    person?: Palette["person"];
  }
}

/** The only place with colours. Those of persons can be told apart with any eyes; a pattern and a name stand beside each. */
const LOOK: ThemeOptions = {
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
        person: { a: "#0b6fb0", b: "#b45309", c: "#0f7a62", d: "#93408b", e: "#6b6a00" },
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
        person: { a: "#5ab4ec", b: "#f5a04c", c: "#3fc3a3", d: "#dd9ad7", e: "#d8cf5c" },
      },
    },
  },
  shape: { borderRadius: 8 },
  components: {
    MuiAvatar: {
      styleOverrides: {
        colorDefault: {
          color: "var(--mui-palette-primary-contrastText)",
          backgroundColor: "var(--mui-palette-primary-main)",
        },
      },
    },
    MuiCardContent: { styleOverrides: { root: { padding: 16, "&:last-child": { paddingBottom: 16 } } } },
    MuiLinearProgress: {
      styleOverrides: { bar: { "@media (prefers-reduced-motion: reduce)": { transition: "none" } } },
    },
  },
};

/** The look, with MUI's own words and the fonts of a language. */
export function themeIn(language: Language): Theme {
  const fontFamily = `system-ui, "Noto Sans", ${FONTS[language]}, "DejaVu Sans", sans-serif`;
  const typography = { fontFamily, button: { textTransform: "none", fontWeight: 600 } } as const;
  return createTheme({ ...LOOK, typography }, MUI_WORDS[language]);
}
