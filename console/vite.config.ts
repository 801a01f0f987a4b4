import { pickedContracts } from "dure/vite";
import { defineConfig } from "vite";

/** Paths are relative, so that the server may mount the pages anywhere. */
export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  resolve: { conditions: ["dure-source", "module", "browser"] },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [pickedContracts()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
