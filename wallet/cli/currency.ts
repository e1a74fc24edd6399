/** Underlyings that arguments name. */
import type { CurrencyInfo } from '../../node/rpc/schemas/market.ts';
import type { Client } from '../client/client.ts';
import { usageError } from './cli-error.ts';

/** The underlying of a name such as `BTC`. */
export async function currencyOf(client: Client, given: string): Promise<CurrencyInfo> {
  const known = await client.call('public/get_currencies', {});
  const found = known.find(({ currency }) => currency === given.toUpperCase());
  if (found !== undefined) return found;
  throw usageError('currency', given, known.map(({ currency }) => currency).join(', '));
}
