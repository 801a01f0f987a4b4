/** The thread that owns the log's file. While it syncs the disk, what comes in waits, and then shares the next transaction. */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import type { StoredBlock } from "../core/packed-events.ts";
import { failureOf, StorageExecutor } from "./executor.ts";
import type { StorageAnswer, StorageRequest } from "./requests.ts";
import { departing } from "./travelling-blocks.ts";

const port = parentPort;
if (!port) throw new Error("storage-worker.ts runs as a worker thread");
/** Requests in one transaction. */
const requestsMax = 1_000;

const executor = open();
port.on("message", (first: StorageRequest | "close") => {
  const requests: StorageRequest[] = [];
  let message: StorageRequest | "close" | undefined = first;
  while (message !== undefined && message !== "close") {
    requests.push(message);
    message = requests.length < requestsMax ? receiveMessageOnPort(port)?.message : undefined;
  }
  if (executor && requests.length > 0) {
    const answers = executor.execute(requests);
    const sent = answers.map((answer, index) => {
      if (!answer.ok || requests[index]?.name !== "read") return answer;
      return { ok: true, value: departing(answer.value as StoredBlock[]) };
    });
    port.postMessage(sent);
  }
  if (message !== "close") return;
  executor?.close();
  port.close();
});

/** Errors lose their class on the way to another thread, so what went wrong is told as an answer. */
function open(): StorageExecutor | undefined {
  try {
    const opened = new StorageExecutor(workerData.folder);
    port?.postMessage({ ok: true, value: undefined } satisfies StorageAnswer);
    return opened;
  } catch (thrown) {
    port?.postMessage(failureOf(thrown, workerData.folder));
    port?.close();
    return undefined;
  }
}
