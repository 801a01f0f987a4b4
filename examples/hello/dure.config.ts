import { defineConfig } from "dure";

export default defineConfig({
  name: "hello",
  services: {
    hello: () => import("./services/hello.ts"),
    shout: () => import("./services/shout.ts"),
  },
});
