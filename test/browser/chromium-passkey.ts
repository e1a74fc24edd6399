/**
 * A passkey of Chromium's virtual authenticator, by the DevTools protocol (domains Target, Runtime,
 * WebAuthn): a page on localhost registers it and signs challenges, as a wallet's page would.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';

const CANDIDATES = [
  process.env['CHROMIUM'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** The browser of this machine, or `undefined`. */
export function chromiumPath(): string | undefined {
  if (process.env['CHROMIUM'] === 'none') return undefined;
  return CANDIDATES.find((path) => path !== '' && existsSync(path));
}

/** What `navigator.credentials` gives, in hex. */
export type BrowserAssertion = {
  readonly authenticatorData: string;
  readonly clientDataJson: string;
  readonly signature: string;
};

export type BrowserPasskey = {
  readonly origin: string;
  /** SubjectPublicKeyInfo, hex. */
  readonly publicKey: string;
  sign(challenge: string, verification: 'required' | 'discouraged'): Promise<BrowserAssertion>;
  /** Whether the authenticator verifies its user from now on. */
  verifyUser(isVerified: boolean): Promise<void>;
  close(): Promise<void>;
};

const HELPERS = `
  const raw = (hex) => Uint8Array.from(hex.match(/../g).map((two) => parseInt(two, 16)));
  const hex = (buffer) => Array.from(new Uint8Array(buffer), (b) => b.toString(16).padStart(2, '0')).join('');
`;

function create(): string {
  return `(async () => { ${HELPERS}
    const made = await navigator.credentials.create({ publicKey: {
      rp: { id: 'localhost', name: 'Miletus' },
      user: { id: raw('00'), name: 'alice', displayName: 'Alice' },
      challenge: raw('00'.repeat(32)),
      pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
      authenticatorSelection: { userVerification: 'required', residentKey: 'required' },
    } });
    return hex(made.response.getPublicKey());
  })()`;
}

function get(challenge: string, verification: string): string {
  return `(async () => { ${HELPERS}
    const { response } = await navigator.credentials.get({ publicKey: {
      rpId: 'localhost', challenge: raw('${challenge}'), userVerification: '${verification}',
    } });
    return {
      authenticatorData: hex(response.authenticatorData),
      clientDataJson: hex(response.clientDataJSON),
      signature: hex(response.signature),
    };
  })()`;
}

type Answer = {
  readonly id?: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
};

/** Commands of the protocol over one socket. */
async function connect(url: string) {
  const socket = new WebSocket(url);
  const waiting = new Map<number, (answer: Answer) => void>();
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.on('message', (data) => {
    const answer = JSON.parse(String(data)) as Answer;
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer);
  });
  let last = 0;
  const call = async (method: string, params: object, sessionId?: string) => {
    last += 1;
    const id = last;
    const answered = new Promise<Answer>((resolve) => waiting.set(id, resolve));
    socket.send(JSON.stringify({ id, method, params, sessionId }));
    const { result, error } = await answered;
    waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  };
  return { call, close: () => socket.close() };
}

/** The address at which a browser listens, as it says on its standard error. */
function listening(child: ChildProcess): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    child.stderr?.on('data', (chunk) => {
      said += String(chunk);
      const found = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', () => reject(new Error(said)));
  });
}

async function serve(): Promise<{ readonly server: Server; readonly origin: string }> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>wallet</title>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, origin: `http://localhost:${(server.address() as AddressInfo).port}` };
}

/** Starts a browser, opens a page on localhost, registers a passkey. */
export async function openPasskey(path: string): Promise<BrowserPasskey> {
  const profile = mkdtempSync(join(tmpdir(), 'miletus-chromium-'));
  const { server, origin } = await serve();
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
  const child = spawn(
    path,
    [...flags, '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const browser = await connect(await listening(child));
  const { targetId } = await browser.call('Target.createTarget', { url: origin });
  const { sessionId } = await browser.call('Target.attachToTarget', { targetId, flatten: true });
  const page = (method: string, params: object) =>
    browser.call(method, params, sessionId as string);
  const evaluate = async (expression: string): Promise<unknown> => {
    const options = { expression, awaitPromise: true, returnByValue: true, userGesture: true };
    const { result, exceptionDetails } = await page('Runtime.evaluate', options);
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value: unknown }).value;
  };
  await page('WebAuthn.enable', { enableUI: false });
  const { authenticatorId } = await page('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  // The page has an origin once it is there.
  while ((await evaluate('location.origin')) !== origin) await evaluate('document.readyState');
  const publicKey = (await evaluate(create())) as string;
  return {
    origin,
    publicKey,
    sign: async (challenge, verification) =>
      (await evaluate(get(challenge, verification))) as BrowserAssertion,
    verifyUser: async (isUserVerified) => {
      await page('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
    },
    async close() {
      browser.close();
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
      server.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
