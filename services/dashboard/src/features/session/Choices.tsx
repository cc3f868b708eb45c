import AutoIcon from "@mui/icons-material/BrightnessAutoOutlined";
import CheckIcon from "@mui/icons-material/Check";
import TranslateIcon from "@mui/icons-material/Translate";
import ListItemIcon from "@mui/material/ListItemIcon";
import ListSubheader from "@mui/material/ListSubheader";
import MenuItem from "@mui/material/MenuItem";
import { useColorScheme } from "@mui/material/styles";
import type { ReactNode } from "react";
import { MoonIcon, SunIcon } from "../../components/icons";
import { LANGUAGES, type Language } from "../../words/language";
import { useLanguageChoice, useWords } from "../../words/Words";

const MODES = { system: AutoIcon, light: SunIcon, dark: MoonIcon } as const;

/** Light, dark, or as the system has it. */
export function ThemeChoice() {
  const t = useWords();
  const { mode, setMode } = useColorScheme();
  return (
    <>
      <Heading>{t("frame.theme")}</Heading>
      {(Object.keys(MODES) as (keyof typeof MODES)[]).map((each) => {
        const Icon = MODES[each];
        return (
          <Radio
            key={each}
            icon={<Icon fontSize="small" />}
            name={t("frame.act.theme", { theme: t(`frame.theme.${each}`) })}
            chosen={mode === each}
            onChoose={() => setMode(each)}
          >
            {t(`frame.theme.${each}`)}
          </Radio>
        );
      })}
    </>
  );
}

/** One of the dashboard's languages, or the first of them that the browser asks for. */
export function LanguageChoice() {
  const t = useWords();
  const { choice, setChoice } = useLanguageChoice();
  const all: [Language | null, string][] = [
    [null, t("frame.language.auto")],
    ...(Object.entries(LANGUAGES) as [Language, string][]),
  ];
  return (
    <>
      <Heading>{t("frame.language")}</Heading>
      {all.map(([language, name]) => (
        <Radio
          key={name}
          icon={language === null && <TranslateIcon fontSize="small" />}
          name={t("frame.act.language", { language: name })}
          chosen={choice === language}
          onChoose={() => setChoice(language)}
        >
          <span {...(language !== null && { lang: language, translate: "no" })}>{name}</span>
        </Radio>
      ))}
    </>
  );
}

function Heading({ children }: { children: string }) {
  return (
    <ListSubheader
      role="presentation"
      disableSticky
      sx={{ lineHeight: 2.4, mt: 0.5, borderTop: 1, borderColor: "divider" }}
    >
      {children}
    </ListSubheader>
  );
}

type RadioProps = { icon: ReactNode; name: string; chosen: boolean; onChoose: () => void; children: ReactNode };

function Radio({ icon, name, chosen, onChoose, children }: RadioProps) {
  return (
    <MenuItem role="menuitemradio" aria-checked={chosen} aria-label={name} onClick={onChoose}>
      <ListItemIcon>{icon}</ListItemIcon>
      {children}
      {chosen && <CheckIcon fontSize="small" sx={{ ml: "auto", pl: 1, boxSizing: "content-box" }} />}
    </MenuItem>
  );
}
