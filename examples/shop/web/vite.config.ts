import { pickedContracts } from "dure/vite";
import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  resolve: { conditions: ["dure-source", "module", "browser"] },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [pickedContracts()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    // The pages' policy allows what comes from the shop alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
