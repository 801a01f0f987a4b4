import { benchCache } from "./cache.ts";
import { benchConnections } from "./connections.ts";
import { benchCredentials } from "./credentials.ts";
import { benchEdge } from "./edge.ts";
import { benchRoutes } from "./routes.ts";

/** What `bench -- edge --part` measures; the first is the default. `only`: names of contestants, where peers take part. */
export const edgeParts = {
  proxy: benchEdge,
  cache: benchCache,
  credentials: benchCredentials,
  connections: benchConnections,
  routes: benchRoutes,
} as const;

/** Whether there is such a part. */
export function isEdgePart(name: string): name is keyof typeof edgeParts {
  return Object.hasOwn(edgeParts, name);
}
