/** The venues by the name that configurations use. */
import { binance } from './binance.ts';
import { coinbase } from './coinbase.ts';
import { deribit } from './deribit.ts';
import { kraken } from './kraken.ts';
import { okx } from './okx.ts';
import type { Venue } from './venue.ts';

export const VENUE_NAMES = ['deribit', 'binance', 'coinbase', 'kraken', 'okx'] as const;
export type VenueName = (typeof VENUE_NAMES)[number];

export const VENUES: Readonly<Record<VenueName, Venue>> = {
  deribit,
  binance,
  coinbase,
  kraken,
  okx,
};
