// One request that sends bytes and reports progress, which fetch cannot.

/**
 * Sends a body. Resolves with { status, text, header(name) }, status 0 when the connection failed.
 * @param {{ method: string, headers?: object, signal: AbortSignal, onSent(bytes: number): void }} options
 */
export function send(address, body, { method, headers = {}, signal, onSent }) {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open(method, address);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = event => onSent(event.loaded);
    request.onloadend = () => {
      signal.removeEventListener("abort", abort);
      if (signal.aborted) reject(signal.reason);
      else resolve({ status: request.status, text: request.responseText, header: name => request.getResponseHeader(name) });
    };
    signal.addEventListener("abort", abort);
    request.send(body);
  });
}
