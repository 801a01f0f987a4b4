import { defineConfig } from "dure";

export default defineConfig({
  name: "shop",
  services: {
    members: () => import("./services/members.ts"),
    products: () => import("./services/products.ts"),
    carts: () => import("./services/carts.ts"),
    checkout: () => import("./services/checkout.ts"),
    purchases: () => import("./services/purchases.ts"),
    search: () => import("./services/search.ts"),
    store: () => import("./services/store.ts"),
  },
  processes: {
    products: { instances: 2 },
    checkout: { instances: 2 },
    // Written in another language: the sidecar starts it and speaks for it.
    reviews: {
      sidecar: {
        command: ["python3", "services/reviews.py"],
        urls: ["GET /reviews", "POST /reviews"],
        public: ["GET /reviews"],
        withoutIt: "the shop lives without reviews",
      },
    },
  },
  events: {},
  gateway: {
    auth: {
      issuers: [
        {
          issuer: "shop",
          audience: "shop",
          algorithms: ["EdDSA"],
          jwks: { operation: "members.keys" },
        },
      ],
    },
  },
});
