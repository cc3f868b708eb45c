/** The languages of the dashboard, named as they name themselves. */
export const LANGUAGES = { en: "English", ja: "日本語", "zh-CN": "简体中文" } as const;
export type Language = keyof typeof LANGUAGES;

const KEY = "shiva.language";

const isLanguage = (value: string | null): value is Language => value !== null && Object.hasOwn(LANGUAGES, value);

/** The language for who speaks `tag`; null: none of ours. */
function languageOf(tag: string): Language | null {
  const primary = tag.toLowerCase().split("-")[0];
  if (primary === "zh") return "zh-CN";
  return primary === "ja" || primary === "en" ? primary : null;
}

/** The first of ours that the browser asks for; else English. */
export function ofBrowser(tags: readonly string[] = navigator.languages): Language {
  return tags.map(languageOf).find((each) => each !== null) ?? "en";
}

/** What the person chose; null: as the browser has it. */
export function chosen(): Language | null {
  try {
    const kept = window.localStorage.getItem(KEY);
    return isLanguage(kept) ? kept : null;
  } catch {
    return null;
  }
}

/** The same for the door's own pages, which know nothing of a page's storage. */
const COOKIE = "shiva-language";

/** Remember a choice in this browser, for the door's pages too. */
export function choose(language: Language | null): void {
  // biome-ignore lint/suspicious/noDocumentCookie: CookieStore is not everywhere, and not without TLS
  document.cookie = `${COOKIE}=${language ?? ""}; path=/; samesite=lax; max-age=${language === null ? 0 : 31_536_000}`;
  try {
    if (language === null) window.localStorage.removeItem(KEY);
    else window.localStorage.setItem(KEY, language);
  } catch {
    // a browser that keeps nothing asks again
  }
}
