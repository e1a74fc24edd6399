/**
 * What a bot knows of the market: the open series nearest to the index, futures and perpetuals, and the
 * newest ticker of each, kept up to date by one connection for all bots of a process.
 */

import type { EventLog } from '../../feeder/event-log.ts';
import type { InstrumentInfo, Ticker } from '../../node/rpc/schemas/market.ts';
import type { Client, Subscription } from '../../wallet/client/client.ts';
import { UNDERLYING_NAMES, type UnderlyingName } from '../prices/price-source.ts';

/** Series are listed and expire on the scale of seconds to minutes. */
const REFRESH_MS = 2_000;

export type Series = {
  readonly instrument: InstrumentInfo;
  ticker: Ticker | undefined;
};

export type MarketViewOptions = {
  readonly client: Client;
  /** Strikes per expiry on either side of the index. */
  readonly strikesEachSide: number;
  /** Series closer to their expiry are left alone: their settlement average has begun. */
  readonly minTimeToExpiryMs: number;
  readonly log: EventLog;
};

export interface MarketView {
  /** Followed series with their newest ticker. */
  series(): readonly Series[];
  close(): void;
}

/** The strikes of each expiry nearest to the index: `count` on either side and the middle one. */
export function nearestStrikes(
  instruments: readonly InstrumentInfo[],
  index: number,
  eachSide: number,
): InstrumentInfo[] {
  const byExpiry = Map.groupBy(instruments, (one) => one.expiration_timestamp);
  return [...byExpiry.values()].flatMap((listed) => {
    const strikes = [...new Set(listed.map(({ strike }) => strike))]
      .toSorted((a, b) => Math.abs(a - index) - Math.abs(b - index))
      .slice(0, 2 * eachSide + 1);
    return listed.filter(({ strike }) => strikes.includes(strike));
  });
}

/** Starts to follow the market; resolves at once, the view fills as answers come. */
export function followMarket(options: MarketViewOptions): MarketView {
  const { client, log } = options;
  const followed = new Map<string, Series & { subscription: Subscription | undefined }>();
  let isClosed = false;

  const follow = async (instrument: InstrumentInfo): Promise<void> => {
    const entry = { instrument, ticker: undefined as Ticker | undefined };
    const known: Series & { subscription: Subscription | undefined } = Object.assign(entry, {
      subscription: undefined,
    });
    followed.set(instrument.instrument_name, known);
    known.subscription = await client.subscribe(
      `ticker.${instrument.instrument_name}.1000ms`,
      ({ data }) => {
        known.ticker = data;
      },
    );
  };

  const refreshOne = async (underlying: UnderlyingName): Promise<InstrumentInfo[]> => {
    const { index_price: index } = await client.call('public/get_index_price', {
      index_name: underlying,
    });
    if (index === null) return [];
    const listed = await client.call('public/get_instruments', { currency: underlying });
    const soonest = Date.now() + options.minTimeToExpiryMs;
    const open = listed.filter(
      (one) => one.is_active && one.kind === 'option' && one.expiration_timestamp > soonest,
    );
    const futures = listed.filter(
      ({ is_active: isActive, kind, expiration_timestamp: expiry }) =>
        isActive && kind === 'future' && (expiry === 0 || expiry > soonest),
    );
    return [...nearestStrikes(open, index, options.strikesEachSide), ...futures];
  };

  const refresh = async (): Promise<void> => {
    const wanted = (await Promise.all(UNDERLYING_NAMES.map(refreshOne))).flat();
    const names = new Set(wanted.map((one) => one.instrument_name));
    for (const [name, { subscription }] of followed) {
      if (names.has(name)) continue;
      followed.delete(name);
      await subscription?.unsubscribe();
    }
    for (const instrument of wanted) {
      if (!followed.has(instrument.instrument_name)) await follow(instrument);
    }
  };

  const loop = async (): Promise<void> => {
    while (!isClosed) {
      try {
        await refresh();
      } catch (cause) {
        if (!isClosed) log.problem('market view', cause);
      }
      await new Promise((resolve) => setTimeout(resolve, REFRESH_MS));
    }
  };
  void loop();
  return {
    series: () => [...followed.values()],
    close: () => {
      isClosed = true;
    },
  };
}
