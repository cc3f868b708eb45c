import CssBaseline from "@mui/material/CssBaseline";
import { ThemeProvider } from "@mui/material/styles";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useState } from "react";
import { BrowserRouter } from "react-router";
import { Words } from "../words/Words";
import { Pages } from "./Pages";
import { theme } from "./theme";

/** A failed poll is shown at once and tried again at the next poll; nothing waits for a network that it needs not. */
export const newClient = () =>
  new QueryClient({
    defaultOptions: { queries: { retry: false, networkMode: "always" }, mutations: { networkMode: "always" } },
  });

/** Providers and pages. */
export function App() {
  const [client] = useState(newClient);
  return (
    <QueryClientProvider client={client}>
      <ThemeProvider theme={theme} defaultMode="system">
        <CssBaseline enableColorScheme />
        <Words>
          <BrowserRouter>
            <Pages />
          </BrowserRouter>
        </Words>
      </ThemeProvider>
    </QueryClientProvider>
  );
}
