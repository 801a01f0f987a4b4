/** Moleculer as it comes. */
import { moleculerPeer } from "./moleculer-peer.ts";

export default moleculerPeer({});
