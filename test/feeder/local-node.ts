/** A node on loopback that answers what a feeder asks, and keeps the votes it is sent. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import { type SignedOracleVote, SignedOracleVoteCodec } from '../../runtime/oracle/vote.ts';

export const CHAIN_ID: string = '07'.repeat(32);

export type LocalNode = {
  readonly url: string;
  readonly votes: SignedOracleVote[];
  /** What the next answers say. */
  readonly facts: { epoch: number; validator: string; expiries: number[]; refusal?: string };
  close(): Promise<void>;
};

export async function startLocalNode(oracleKey: Uint8Array): Promise<LocalNode> {
  const votes: SignedOracleVote[] = [];
  const facts: LocalNode['facts'] = { epoch: 3, validator: toHex(oracleKey), expiries: [] };
  const answerTo = (method: string, params: { vote?: string }): object => {
    switch (method) {
      case 'get_status':
        return { chain_id: CHAIN_ID, epoch: facts.epoch, syncing: false };
      case 'get_validators':
        return {
          epoch: facts.epoch,
          validators: [
            { index: 0, oracle_key: '00'.repeat(32) },
            { index: 1, oracle_key: facts.validator },
          ],
        };
      case 'public/get_currencies':
        return [
          { currency: 'ETH', underlying_id: 2 },
          { currency: 'BTC', underlying_id: 1 },
        ];
      case 'public/get_expirations':
        return { BTC: facts.expiries, ETH: facts.expiries };
      default: {
        const decoded = SignedOracleVoteCodec.decode(
          fromHex(params.vote ?? '') ?? new Uint8Array(),
        );
        if (!decoded.ok) throw new Error(decoded.error.detail);
        votes.push(decoded.value);
        return { digest: '', wire_id: '' };
      }
    }
  };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { id, method, params } = JSON.parse(body);
    const data = { code: facts.refusal, field: '', given: '', allowed: '' };
    const answer =
      facts.refusal !== undefined && method === 'submit_oracle_vote'
        ? { error: { code: 20_004, message: facts.refusal, data } }
        : { result: answerTo(method, params) };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    votes,
    facts,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
