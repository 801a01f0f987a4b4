/**
 * saga: work of several steps on several services that is either done or undone, whatever crashes in between. State lives in the
 * service's own database.
 */
export {
  type Saga,
  type SagaContext,
  type SagaOptions,
  type StepContext,
  type StepOptions,
  saga,
  type WaitOptions,
} from "./saga.ts";
export { openSagas, type SagaHost } from "./sagas.ts";
export type { SagaHandlers, SagaOutcome, SagaPlace, Sagas } from "./types.ts";
