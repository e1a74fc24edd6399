/** Every method's handler, by name. */
import type { Handlers } from '../context.ts';
import { failure } from '../errors.ts';
import { openRpcDocument } from '../openrpc.ts';
import type { MethodName } from '../schemas/methods.ts';
import { NODE_VERSION } from '../version.ts';
import { accountMethods } from './account.ts';
import { chainMethods } from './chain.ts';
import { evidenceMethods } from './evidence.ts';
import { governanceMethods } from './governance.ts';
import { lightMethods } from './light.ts';
import { liquidationMethods } from './liquidation.ts';
import { marginMethods } from './margin.ts';
import { marketMethods } from './market.ts';
import { securityMethods } from './security.ts';
import { settlementMethods } from './settlement.ts';
import { stakingMethods } from './staking.ts';
import { statisticsMethods } from './statistics.ts';
import { tradingMethods } from './trading.ts';
import { transactionMethods } from './transaction.ts';

const needsSocket = (method: string): Error =>
  failure('must_be_websocket', { field: 'method', given: method, allowed: 'a WebSocket to /' });

/** A method without a handler fails to compile. */
export const HANDLERS: Handlers<MethodName> = {
  ...marketMethods,
  ...settlementMethods,
  ...accountMethods,
  ...tradingMethods,
  ...marginMethods,
  ...liquidationMethods,
  ...stakingMethods,
  ...evidenceMethods,
  ...governanceMethods,
  ...securityMethods,
  ...statisticsMethods,
  ...transactionMethods,
  ...chainMethods,
  ...lightMethods,
  'rpc.discover': () => openRpcDocument(NODE_VERSION),
  async 'public/subscribe'({ channels, from_height }, _context, connection) {
    if (connection === undefined) throw needsSocket('public/subscribe');
    return connection.subscribe(channels, from_height);
  },
  'public/unsubscribe'({ channels }, _context, connection) {
    if (connection === undefined) throw needsSocket('public/unsubscribe');
    return connection.unsubscribe(channels);
  },
};
