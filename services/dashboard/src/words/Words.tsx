import { createContext, type ReactNode, use, useCallback, useEffect, useState } from "react";
import { IntlProvider, useIntl } from "react-intl";
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

type Choice = { choice: Language | null; setChoice: (language: Language | null) => void };
const ChoiceContext = createContext<Choice>({ choice: null, setChoice: () => undefined });

/** What the person chose, and how to choose again; null: as the browser has it. */
export const useLanguageChoice = () => use(ChoiceContext);

/** Sentences by key, in the person's language. */
export function useWords(): Translate {
  const intl = useIntl();
  return useCallback((key, values) => intl.formatMessage({ id: key }, values), [intl]);
}

/** The language that is shown. */
export const useLanguage = () => useIntl().locale as Language;

/** Give `children` one language's words, already here. */
export function WordsIn({
  language,
  catalogue,
  children,
}: {
  language: Language;
  catalogue: Catalogue;
  children: ReactNode;
}) {
  return (
    <IntlProvider locale={language} messages={catalogue}>
      {children}
    </IntlProvider>
  );
}

/** Fetch the words of the person's language and give them to `children`; a language that cannot be fetched keeps the last. */
export function Words({ children }: { children: ReactNode }) {
  const [choice, setKept] = useState(chosen);
  const [shown, setShown] = useState<{ language: Language; catalogue: Catalogue } | null>(null);
  const wanted = choice ?? ofBrowser();
  useEffect(() => {
    let current = true;
    LOAD[wanted]()
      .catch(() => LOAD.en())
      .then(({ default: catalogue }) => {
        if (!current) return;
        document.documentElement.lang = wanted;
        setShown({ language: wanted, catalogue });
      });
    return () => {
      current = false;
    };
  }, [wanted]);
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
