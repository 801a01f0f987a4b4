/** telemetry: how the platform tells what it does. A leaf: everyone may import it, and it imports no other folder. */
export {
  createLogger,
  type LogFields,
  type Logger,
  type LogLevel,
  silentLogger,
} from "./logger.ts";
export { TraceContext } from "./trace-context.ts";
