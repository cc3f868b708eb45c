import createCache from "@emotion/cache";
import { CacheProvider } from "@emotion/react";
import CssBaseline from "@mui/material/CssBaseline";
import { ThemeProvider } from "@mui/material/styles";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type ReactNode, useMemo, useState } from "react";
import { BrowserRouter } from "react-router";
import { nonce } from "../api/browser";
import { useLanguage, Words } from "../words/Words";
import { Pages } from "./Pages";
import { themeIn } from "./theme";

/** A failed poll is shown at once and tried again at the next poll; nothing waits for a network that it needs not. */
export const newClient = () =>
  new QueryClient({
    defaultOptions: { queries: { retry: false, networkMode: "always" }, mutations: { networkMode: "always" } },
  });

/** Where styles go; the door's policy lets in what brings the page's nonce. */
const styles = createCache({ key: "css", ...(nonce && { nonce }) });

/** Providers and pages. */
export function App() {
  const [client] = useState(newClient);
  return (
    <QueryClientProvider client={client}>
      <CacheProvider value={styles}>
        <Words>
          <Look>
            <BrowserRouter>
              <Pages />
            </BrowserRouter>
          </Look>
        </Words>
      </CacheProvider>
    </QueryClientProvider>
  );
}

/** The theme in the language that is shown. */
export function Look({ children }: { children: ReactNode }) {
  const language = useLanguage();
  const theme = useMemo(() => themeIn(language), [language]);
  return (
    <ThemeProvider theme={theme} defaultMode="system">
      <CssBaseline enableColorScheme />
      {children}
    </ThemeProvider>
  );
}
