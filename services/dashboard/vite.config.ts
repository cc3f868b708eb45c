import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
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
