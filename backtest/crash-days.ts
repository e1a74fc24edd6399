/**
 * The recorded crash days: which hours of which recordings are replayed.
 *
 * Source: ../shared/data/prices and ../shared/data/deribit_chain_6h_2026, each with its SOURCE.md. Paths are
 * relative to the folder given with `--data`.
 */

/** Names of the underlyings that the back-test lists, with their numbers. */
export const UNDERLYINGS = { BTC: 1, ETH: 2 } as const;
export type UnderlyingName = keyof typeof UNDERLYINGS;
export const UNDERLYING_NAMES: readonly UnderlyingName[] = ['BTC', 'ETH'];

export type CrashDay = {
  /** The day as results name it. */
  readonly name: string;
  /** First and last moment replayed, ISO 8601. */
  readonly from: string;
  readonly to: string;
  /** Bar files by underlying, the first that covers a moment decides. An underlying without: no bars. */
  readonly bars: { readonly [U in UnderlyingName]: readonly string[] };
  /** Whether whole option chains were recorded over these hours. */
  readonly chains: boolean;
};

const PRICES = 'prices/binance_';
const HOURS_BTC = `${PRICES}spot_BTCUSDT_1h_2019-01-01_2026-06-20.csv.gz`;
const HOURS_ETH = `${PRICES}spot_ETHUSDT_1h_2019-01-01_2025-09-19.csv.gz`;

function bars(kind: string, span: string): CrashDay['bars'] {
  return {
    BTC: [`${PRICES}${kind.replace('*', 'BTCUSDT')}_${span}.csv.gz`, HOURS_BTC],
    ETH: [`${PRICES}${kind.replace('*', 'ETHUSDT')}_${span}.csv.gz`, HOURS_ETH],
  };
}

const OF_2020 = {
  BTC: [`${PRICES}spot_BTCUSDT_5m_2020-02-15_2020-03-12.csv.gz`, HOURS_BTC],
  ETH: [HOURS_ETH],
};
const OF_2021 = bars('spot_*_1m', '2021-04-20_2021-05-20');
const OF_2022 = bars('perp_*_5m', '2022-06-01_2022-11-24');
const OF_2024 = bars('spot_*_1m', '2024-07-26_2024-08-25');
const OF_2025 = bars('perp_*_5m', '2025-09_2025-10-27');
const OF_2026 = { BTC: [HOURS_BTC], ETH: [] };

/** Every crash in the recordings, the worst hours of each. */
export const CRASH_DAYS: readonly CrashDay[] = [
  {
    name: '2020-03-12',
    from: '2020-03-12T06:00:00Z',
    to: '2020-03-13T08:30:00Z',
    bars: OF_2020,
    chains: false,
  },
  {
    name: '2021-05-19',
    from: '2021-05-19T00:00:00Z',
    to: '2021-05-20T00:00:00Z',
    bars: OF_2021,
    chains: false,
  },
  {
    name: '2022-06-13',
    from: '2022-06-12T20:00:00Z',
    to: '2022-06-13T20:00:00Z',
    bars: OF_2022,
    chains: false,
  },
  {
    name: '2022-06-18',
    from: '2022-06-18T00:00:00Z',
    to: '2022-06-19T00:00:00Z',
    bars: OF_2022,
    chains: false,
  },
  {
    name: '2022-11-08',
    from: '2022-11-08T12:00:00Z',
    to: '2022-11-09T23:30:00Z',
    bars: OF_2022,
    chains: false,
  },
  {
    name: '2024-08-05',
    from: '2024-08-04T12:00:00Z',
    to: '2024-08-05T12:00:00Z',
    bars: OF_2024,
    chains: false,
  },
  {
    name: '2025-10-10',
    from: '2025-10-10T09:00:00Z',
    to: '2025-10-11T09:00:00Z',
    bars: OF_2025,
    chains: false,
  },
  {
    name: '2026-01-31',
    from: '2026-01-31T10:00:00Z',
    to: '2026-02-01T09:00:00Z',
    bars: OF_2026,
    chains: true,
  },
  {
    name: '2026-02-05',
    from: '2026-02-05T05:00:00Z',
    to: '2026-02-06T09:30:00Z',
    bars: OF_2026,
    chains: true,
  },
];

/** Folder of the recorded chains, and the day of the calm one whose shape stands for unrecorded ones. */
export const CHAINS_FOLDER = 'deribit_chain_6h_2026';
export const CALM_CHAIN = 'deribit_options_snapshot_20260116T092000Z.csv.gz';
/** Chains of the recorded crash: 30 January to 8 February 2026. */
export const CRASH_CHAINS: RegExp = /^deribit_options_snapshot_2026(013|020)\d+T\d+Z\.csv\.gz$/;
