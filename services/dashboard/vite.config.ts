import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  build: { target: "es2022", chunkSizeWarningLimit: 1_800 },
  test: { environment: "jsdom", globals: true, setupFiles: ["src/testing/setup.ts"], testTimeout: 15_000 },
});
