// How the console is built: one page, code split by page, nothing inlined, so that a strict content security
// policy holds. The unit tests run without a browser.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const api = process.env.PORTCULLIS_ADMIN ?? "http://127.0.0.1:9465";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    license: { fileName: "licences.txt" },
  },
  server: { proxy: { "/api": api, "/openapi.json": api } },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
