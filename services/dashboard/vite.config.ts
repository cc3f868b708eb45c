import { parse } from "@formatjs/icu-messageformat-parser";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Messages are parsed when the dashboard is built: browsers need no parser. */
const parsedWords: Plugin = {
  name: "parsed-words",
  apply: "build",
  enforce: "pre",
  config: () => ({
    resolve: {
      alias: [
        {
          find: /^@formatjs\/icu-messageformat-parser$/,
          replacement: "@formatjs/icu-messageformat-parser/no-parser.js",
        },
      ],
    },
  }),
  transform(code, id) {
    if (!/\/src\/words\/.*\.json$/.test(id)) return null;
    const words = Object.entries(JSON.parse(code) as Record<string, string>);
    return { code: JSON.stringify(Object.fromEntries(words.map(([key, text]) => [key, parse(text)]))), map: null };
  },
};

export default defineConfig({
  plugins: [react(), parsedWords],
  build: { target: "es2022", chunkSizeWarningLimit: 1_800, manifest: true },
  html: { cspNonce: "SHIVA-NONCE" }, // the door puts a new one there each time
  test: {
    environment: "jsdom",
    globals: true,
    isolate: false, // the setup puts everything back after each test; a DOM for each file takes as long as half of the tests
    setupFiles: ["src/testing/setup.ts"],
    testTimeout: 15_000,
  },
});
