import { after, every } from "../../kit/index.ts";
import type { MeshNode } from "../../mesh/index.ts";
import type { SupervisorLink } from "../../supervisor/index.ts";

/** How often it is looked whether a Distributor has the node, in ms. */
const lookMs = 10;
/** Without any Distributor a process counts as ready after so long: those who know it already call it all the same. In ms. */
const patienceMs = 5_000;

/** Tells the supervisor that a node is ready once others can find it. */
export function readyWhenAnnounced(node: MeshNode, host: string, link: SupervisorLink): void {
  const tellReady = () => {
    look.cancel();
    patience.cancel();
    link.ready({ host, port: node.port });
  };
  const look = every(lookMs, () => {
    if (node.registry.isAnnounced()) tellReady();
  });
  const patience = after(patienceMs, () => {
    link.tell({ kind: "line", text: "no Distributor answers: nobody can find it yet" });
    tellReady();
  });
}
