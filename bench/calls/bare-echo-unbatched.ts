/** The bare echo with a write per call: what batching is worth. */
import { echoPeer, immediateSend } from "./bare-echo.ts";

export default echoPeer(immediateSend);
