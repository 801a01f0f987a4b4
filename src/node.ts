/** dure/node: what runs. Nodes, Distributors and gateways; needs Node.js. */
export { createGateway, type Gateway, type GatewayOptions } from "./gateway/index.ts";
export { createNode, type MeshNode, type NodeOptions } from "./mesh/index.ts";
export { createDistributor, type Distributor, type DistributorOptions } from "./registry/index.ts";
export { createLogger, type Logger } from "./telemetry/index.ts";
