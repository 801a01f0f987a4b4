import { describe } from "node:test";
import { shopSuite } from "../support/shop-suite.ts";

describe("the shop on SQLite", () => shopSuite());
describe("the shop without a conductor", () => shopSuite({ SHOP_CHECKOUT: "events" }));
