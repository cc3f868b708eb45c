import Autocomplete, { type AutocompleteRenderInputParams, createFilterOptions } from "@mui/material/Autocomplete";
import Box from "@mui/material/Box";
import Dialog from "@mui/material/Dialog";
import type { PopperProps } from "@mui/material/Popper";
import { useColorScheme } from "@mui/material/styles";
import TextField from "@mui/material/TextField";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { machinesQuery } from "../api/queries";
import { Keys } from "../components/Keys";
import { LANGUAGES, type Language } from "../words/language";
import { useLanguageChoice, useWords } from "../words/Words";
import { useKeyboard } from "./Keyboard";
import { mainPlaces, OWN_PLACES } from "./places";

type Option = { group: string; label: string; keys?: readonly string[]; run: () => void };

const MODES = ["system", "light", "dark"] as const;
const MOST = 60; // what a list shows at once; typing finds the rest of a thousand machines
const filter = createFilterOptions<Option>({ limit: MOST, stringify: ({ label }) => label });

/** Everything that one can go to or do, found by typing. */
export function Palette({ admin, onClose }: { admin: boolean; onClose: () => void }) {
  const t = useWords();
  const options = [...usePages(admin), ...useActions(), ...useMachineOptions()];
  return (
    <Dialog
      open
      onClose={onClose}
      fullWidth
      maxWidth="sm"
      slotProps={{
        paper: {
          "aria-label": t("frame.palette"),
          sx: { position: "absolute", top: { xs: 8, sm: 80 }, m: 0, width: { xs: "calc(100% - 16px)" } },
        },
      }}
    >
      <Autocomplete
        open
        autoHighlight
        disablePortal
        options={options}
        filterOptions={filter}
        groupBy={({ group }) => group}
        getOptionKey={({ group, label }) => `${group} ${label}`}
        forcePopupIcon={false}
        noOptionsText={t("frame.paletteNone")}
        onClose={(_, reason) => reason === "escape" && onClose()}
        onChange={(_, option) => {
          onClose();
          option?.run();
        }}
        renderInput={(params) => <Field params={params} />}
        renderOption={({ key, ...props }, { label, keys }) => (
          <li key={key} {...props}>
            <Box component="span" sx={{ flexGrow: 1, overflowWrap: "anywhere" }}>
              {label}
            </Box>
            {keys && <Keys keys={keys} />}
          </li>
        )}
        slots={{ popper: InPlace }}
        slotProps={{ listbox: { sx: { maxHeight: "min(56vh, 480px)" } } }}
      />
    </Dialog>
  );
}

function Field({ params }: { params: AutocompleteRenderInputParams }) {
  const t = useWords();
  return (
    <TextField
      {...params}
      autoFocus
      placeholder={t("frame.paletteHint")}
      slotProps={{
        ...params.slotProps,
        htmlInput: { ...params.slotProps.htmlInput, "aria-label": t("frame.palette") },
      }}
      sx={{ p: 2, pb: 1 }}
    />
  );
}

/** The list belongs to the dialog; it need not float. */
function InPlace({ children }: PopperProps) {
  return <Box sx={{ "& .MuiPaper-root": { boxShadow: "none" } }}>{children as ReactNode}</Box>;
}

function usePages(admin: boolean): Option[] {
  const t = useWords();
  const { run } = useKeyboard();
  return [...mainPlaces(admin), ...OWN_PLACES].map(({ to, name, letter }) => ({
    group: t("frame.group.pages"),
    label: t(name),
    ...(letter && { keys: ["g", letter] }),
    run: () => run(to),
  }));
}

function useActions(): Option[] {
  const t = useWords();
  const { run } = useKeyboard();
  const { setMode } = useColorScheme();
  const { setChoice } = useLanguageChoice();
  const acts: Omit<Option, "group">[] = [
    { label: t("frame.act.start"), keys: ["n"], run: () => run("start") },
    { label: t("frame.act.open"), keys: ["o"], run: () => run("open") },
    { label: t("frame.act.search"), keys: ["/"], run: () => run("search") },
    { label: t("frame.keys"), keys: ["?"], run: () => run("help") },
    ...MODES.map((mode) => ({
      label: t("frame.act.theme", { theme: t(`frame.theme.${mode}`) }),
      run: () => setMode(mode),
    })),
    ...[null, ...(Object.keys(LANGUAGES) as Language[])].map((language) => ({
      label: t("frame.act.language", { language: language === null ? t("frame.language.auto") : LANGUAGES[language] }),
      run: () => setChoice(language),
    })),
  ];
  return acts.map((act) => ({ group: t("frame.group.actions"), ...act }));
}

/** The machines that some page has asked for already; each is looked for on the home page. */
function useMachineOptions(): Option[] {
  const t = useWords();
  const { run } = useKeyboard();
  const { data } = useQuery(machinesQuery());
  return (data?.machines ?? []).map(({ name }) => ({
    group: t("frame.group.machines"),
    label: name,
    run: () => run(`/?machine=${encodeURIComponent(name)}`),
  }));
}
