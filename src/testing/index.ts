/** testing: what users' tests import. A whole mesh in memory, with services of yours and fakes of others'. */
export { fake } from "./fake.ts";
export { type TestMesh, type TestMeshOptions, testMesh } from "./test-mesh.ts";
export { type VirtualTime, virtualTime } from "./virtual-time.ts";
