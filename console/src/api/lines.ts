// Splits a byte stream into lines, each yielded as soon as it is complete.

/** The lines of a UTF-8 stream, without empty ones. */
export async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const whole = rest.split("\n");
      rest = whole.pop() ?? "";
      for (const line of whole) if (line.trim()) yield line;
      if (done) break;
    }
    if (rest.trim()) yield rest;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
