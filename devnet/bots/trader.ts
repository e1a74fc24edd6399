/**
 * An account of a bot: signs its transactions with a nonce clock of its own and submits them to one
 * node, waiting for their results.
 */
import type { ReceiptInfo } from '../../node/rpc/schemas/transaction.ts';
import type { Action } from '../../runtime/action.ts';
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import type { Client } from '../../wallet/client/client.ts';
import { accountOfPublicKey, type KeySigner, signTransaction } from '../../wallet/client/sign.ts';
import { buildBody, createNonceClock } from '../../wallet/client/transaction-builder.ts';

/** A transaction that is not in a block by then is void: quotes of then are of no use. */
const TTL_MS = 5_000;
const WAIT_MS = 6_000;

export interface Trader {
  /** 40 hex characters, as calls take it. */
  readonly address: string;
  /** The receipt of a transaction of 1 to 64 actions; undefined when it is not final in time. */
  send(actions: readonly Action[]): Promise<ReceiptInfo | undefined>;
}

/** `chainId`: hex, as `get_status` gives it. Throws what the client throws. */
export function createTrader(client: Client, chainId: string, signer: KeySigner): Trader {
  const account = accountOfPublicKey(signer.publicKey);
  const nonce = createNonceClock(Date.now);
  const chain = fromHex(chainId) ?? new Uint8Array();
  return {
    address: toHex(account),
    send: async (actions) => {
      const body = buildBody({
        account,
        publicKeys: [signer.publicKey],
        actions,
        nonce: nonce(),
        expiresAt: Date.now() + TTL_MS,
      });
      if (!body.ok) throw new RangeError(`${body.error.field}: ${body.error.given}`);
      const { hex } = signTransaction(chain, body.value, [signer]);
      const sent = await client.call('submit_transaction', {
        transaction: hex,
        wait: 'final',
        timeout_ms: WAIT_MS,
      });
      return sent.receipt ?? undefined;
    },
  };
}
