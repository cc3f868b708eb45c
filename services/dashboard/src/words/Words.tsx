import { createContext, type ReactNode, use, useCallback, useEffect, useState } from "react";
import { FormattedMessage, IntlProvider, useIntl } from "react-intl";
import { fetchProblemWords } from "../components/problemWords";
import type en from "./en";
import { choose, chosen, type Language, ofBrowser } from "./language";

export type Key = keyof typeof en;
export type Catalogue = Record<Key, string>;
type Values = Record<string, string | number>;
export type Translate = (key: Key, values?: Values) => string;

const LOAD: Record<Language, () => Promise<{ default: Catalogue }>> = {
  en: () => import("./en"),
  ja: () => import("./ja"),
  "zh-CN": () => import("./zh-CN"),
};

type Spoken = { language: Language; catalogue: Catalogue };

/** The words of `language`; else English ones. */
async function fetched(language: Language): Promise<Spoken> {
  try {
    const [words] = await Promise.all([LOAD[language](), language === "en" ? null : fetchProblemWords()]);
    return { language, catalogue: words.default };
  } catch {
    return { language: "en", catalogue: (await LOAD.en()).default };
  }
}

type Choice = { choice: Language | null; setChoice: (language: Language | null) => void };
const ChoiceContext = createContext<Choice>({ choice: null, setChoice: () => undefined });

/** What the person chose, and how to choose again; null: as the browser has it. */
export const useLanguageChoice = () => use(ChoiceContext);

/** Sentences by key, in the person's language. */
export function useWords(): Translate {
  const intl = useIntl();
  return useCallback((key, values) => intl.formatMessage({ id: key }, values), [intl]);
}

/** A sentence with elements in its places, as a time or a link. */
export function Said({ id, values }: { id: Key; values: Record<string, ReactNode> }) {
  return <FormattedMessage id={id} values={values} />;
}

/** The language that is shown. */
export const useLanguage = () => useIntl().locale as Language;

/** Give `children` one language's words, already here. */
export function WordsIn({ language, catalogue, children }: Spoken & { children: ReactNode }) {
  return (
    <IntlProvider locale={language} messages={catalogue}>
      {children}
    </IntlProvider>
  );
}

/** Fetch the words of the person's language and give them to `children`; a language that cannot be fetched keeps the last. */
export function Words({ children }: { children: ReactNode }) {
  const [choice, setKept] = useState(chosen);
  const [shown, setShown] = useState<Spoken | null>(null);
  const wanted = choice ?? ofBrowser();
  useEffect(() => {
    let current = true;
    fetched(wanted).then((spoken) => {
      if (current) setShown((last) => (spoken.language === wanted ? spoken : (last ?? spoken)));
    });
    return () => {
      current = false;
    };
  }, [wanted]);
  useEffect(() => {
    if (shown !== null) document.documentElement.lang = shown.language;
  }, [shown]);
  const setChoice = useCallback((language: Language | null) => {
    choose(language);
    setKept(language);
  }, []);
  if (shown === null) return null;
  return (
    <ChoiceContext value={{ choice, setChoice }}>
      <WordsIn {...shown}>{children}</WordsIn>
    </ChoiceContext>
  );
}
