/** The lines of an answer in newline-delimited JSON, as they come; empty ones are left out. */
export async function* linesOf(response: Response): AsyncGenerator<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) return;
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop() as string;
    for (const line of lines) if (line !== "") yield line;
  }
  if (rest !== "") yield rest;
}
