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
    // The shop for people: built from web/ and offered beside the API. Paths that are no file are the application's: /shop/7.
    files: [
      {
        folder: "web/dist",
        page: "index.html",
        immutable: "assets",
        headers: {
          "content-security-policy":
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
          "referrer-policy": "same-origin",
        },
      },
    ],
    // No answer of the shop holds both a secret and what somebody else may choose.
    compression: {},
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
