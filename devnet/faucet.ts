/**
 * The devnet's faucet: an HTTP server on loopback that sends test money to an address.
 *
 *     POST /   { "address": "mil1…" }   →  { "address", "usd", "mil" }, once the money is there
 *     GET  /                            →  what it gives and how to ask
 *
 * One request an address per minute, thirty a minute in all. Errors: `{ "error": { code, field,
 * given, allowed } }`, with the statuses of HTTP.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { EventLog } from '../feeder/event-log.ts';
import { addressOfText } from '../wallet/client/input-fields.ts';
import { buildAction } from '../wallet/client/transaction-builder.ts';
import type { Trader } from './bots/trader.ts';

/** What one request gives. */
export const FAUCET_USD = '10000';
export const FAUCET_MIL = '100';
/** Requests of one address, and of all, at most. */
const ADDRESS_PAUSE_MS = 60_000;
const MAX_PER_MINUTE = 30;
const MINUTE_MS = 60_000;
const MAX_BODY_BYTES = 1_024;

type Refusal = {
  readonly status: number;
  readonly code: string;
  readonly field: string;
  readonly given: string;
  readonly allowed: string;
};

/** Whether an address may be served at a time; remembers the ones it allowed. */
export function createRateLimit(): (address: string, atMs: number) => Refusal | undefined {
  const served = new Map<string, number>();
  return (address, atMs) => {
    for (const [known, at] of served) if (atMs - at >= ADDRESS_PAUSE_MS) served.delete(known);
    const last = served.get(address);
    if (last !== undefined) {
      const waitS = Math.ceil((ADDRESS_PAUSE_MS - (atMs - last)) / 1_000);
      return {
        status: 429,
        code: 'address_rate_exceeded',
        field: 'address',
        given: `again after ${Math.floor((atMs - last) / 1_000)} s`,
        allowed: `one request a minute; try in ${waitS} s`,
      };
    }
    const recent = [...served.values()].filter((at) => atMs - at < MINUTE_MS).length;
    if (recent >= MAX_PER_MINUTE) {
      const given = `${recent} requests in the last minute`;
      const allowed = `${MAX_PER_MINUTE} a minute`;
      return { status: 429, code: 'rate_exceeded', field: '', given, allowed };
    }
    served.set(address, atMs);
    return undefined;
  };
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  let body = '';
  for await (const chunk of request) {
    body += String(chunk);
    if (body.length > MAX_BODY_BYTES) return undefined;
  }
  return body;
}

function addressOfBody(body: string | undefined): string | Refusal {
  const refuse = (given: string): Refusal => ({
    status: 400,
    code: 'malformed_request',
    field: 'address',
    given,
    allowed: '{"address":"mil1…"}, at most 1,024 bytes',
  });
  if (body === undefined) return refuse('a longer body');
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return refuse('not JSON');
  }
  const address =
    typeof json === 'object' && json !== null && (json as { address?: unknown }).address;
  if (typeof address !== 'string') return refuse('no text "address"');
  const parsed = addressOfText('address', address);
  if (!parsed.ok) {
    const { field, given, allowed } = parsed.error;
    return { status: 400, code: 'bad_address', field, given, allowed };
  }
  return address;
}

export type FaucetOptions = {
  readonly port: number;
  /** The account that pays. */
  readonly trader: Trader;
  readonly log: EventLog;
};

/** Starts the server on 127.0.0.1; resolves when it listens, rejects when the port is taken. */
export function startFaucet(options: FaucetOptions): Promise<Server> {
  const { trader, log } = options;
  const refusalOf = createRateLimit();

  const give = async (address: string): Promise<object | Refusal> => {
    const actions = (['USD', 'MIL'] as const).map((currency) =>
      buildAction({
        type: 'transfer',
        to: address,
        amount: currency === 'USD' ? FAUCET_USD : FAUCET_MIL,
        currency,
      }),
    );
    const receipt = await trader.send(actions.flatMap((one) => (one.ok ? [one.value] : [])));
    const refused = receipt?.results.find((result) => result.type === 'refused');
    if (receipt?.outcome !== 'applied' || refused) {
      const given = refused?.type === 'refused' ? refused.code : (receipt?.outcome ?? 'no answer');
      return { status: 503, code: 'not_sent', field: '', given, allowed: 'try again later' };
    }
    log.event('gave', { address, usd: FAUCET_USD, mil: FAUCET_MIL });
    return { address, usd: FAUCET_USD, mil: FAUCET_MIL };
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const reply = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(`${JSON.stringify(body)}\n`);
    };
    const refuse = ({ status, ...error }: Refusal): void => reply(status, { error });
    if (request.method === 'GET') {
      reply(200, {
        gives: { usd: FAUCET_USD, mil: FAUCET_MIL },
        ask: 'POST {"address":"mil1…"} to this address; once a minute',
      });
      return;
    }
    if (request.method !== 'POST') {
      const given = request.method ?? '';
      refuse({ status: 405, code: 'wrong_method', field: 'method', given, allowed: 'GET, POST' });
      return;
    }
    const address = addressOfBody(await readBody(request));
    if (typeof address !== 'string') return refuse(address);
    const limited = refusalOf(address, Date.now());
    if (limited) return refuse(limited);
    const given = await give(address);
    if ('status' in given) refuse(given);
    else reply(200, given);
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((cause: unknown) => {
      log.problem('faucet', cause);
      if (response.headersSent) return;
      response.writeHead(503, { 'content-type': 'application/json' });
      const error = { code: 'node_unreachable', field: '', given: '', allowed: 'try again later' };
      response.end(`${JSON.stringify({ error })}\n`);
    });
  });
  server.requestTimeout = 10_000;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', () => resolve(server));
  });
}
