import { ContractError } from "../contract/index.ts";
import { asError, DureError, isErrorCode } from "../kit/index.ts";
import type { Logger } from "../telemetry/index.ts";
import type { WireFailure } from "../wire/index.ts";
import type { HostedOperation } from "./server-stack.ts";

/**
 * What a caller is told of what a handler threw. A contract's own error passes; another operation's error does not leak, it is a
 * bug here; of anything unexpected only the log hears the details.
 *
 * @param call its log names the trace, so that whoever looks at a call that failed finds why.
 */
export function failureOf(
  thrown: unknown,
  { runtime }: HostedOperation,
  call: { readonly log: Logger },
): WireFailure {
  const name = `${runtime.service}.${runtime.name}`;
  try {
    if (thrown instanceof ContractError) {
      if (thrown.operation === name) {
        const data = runtime.serializeErrorData(thrown.code, thrown.data);
        const { code, message } = thrown;
        return { code, message, data, isDeclared: true, isStarted: true };
      }
      const message = `${name} let ${thrown.operation}'s error ${thrown.code} escape; handle it with .result() or catch, and answer with an error of its own`;
      call.log.error(message);
      return { code: "INTERNAL", message, isStarted: true };
    }
    if (thrown instanceof DureError && isErrorCode(thrown.code)) {
      const data = thrown.details === undefined ? undefined : JSON.stringify(thrown.details);
      if (thrown.code === "INTERNAL") call.log.error(thrown.message);
      const { code, message, isExhausted } = thrown;
      return { code, message, data, isStarted: true, isExhausted };
    }
  } catch (second) {
    thrown = second;
  }
  const error = asError(thrown);
  call.log.error(`${name} threw: ${error.message}`, { stack: error.stack });
  const message = `${name} failed; the log of its node says why`;
  return { code: "INTERNAL", message, isStarted: true };
}
