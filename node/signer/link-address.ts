/** Where a node and its signer process meet: a Unix socket or a TCP port, as text. */

/** `unix:/path` or `host:port`. */
export type LinkAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** `unix:PATH`, `HOST:PORT` or `[V6]:PORT`; undefined for anything else. */
export function parseLinkAddress(text: string): LinkAddress | undefined {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    return path === '' ? undefined : { kind: 'unix', path };
  }
  const [, v6, plain, digits] = /^(?:\[([0-9a-fA-F:]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = v6 ?? plain;
  const port = Number(digits);
  return host === undefined || port > 65_535 ? undefined : { kind: 'tcp', host, port };
}
