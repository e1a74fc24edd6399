/** `miletus account margin | mode` and `miletus risk`: margin explained, its mode, and what-if. */
import type { Argv } from 'yargs';
import type {
  MarginDetailInfo,
  MarginModeText,
  WorstMeasure,
} from '../../node/rpc/schemas/margin.ts';
import { accountOf, withAccount } from './account-options.ts';
import { usageError } from './cli-error.ts';
import {
  type Arguments,
  choice,
  flag,
  mustText,
  subAccountOf,
  text,
  texts,
  withClient,
  withNode,
  withSending,
} from './options.ts';
import { fields, print, table } from './output.ts';
import { sendActions } from './send-actions.ts';

const MODES: readonly MarginModeText[] = ['standard', 'portfolio'];
const POSITION_FORM = 'INSTRUMENT=COINS, e.g. BTC-25DEC26-100000-C=-1.5';

function withMode<T>(yargs: Argv<T>): Argv<T> {
  return yargs.option('mode', {
    type: 'string',
    describe: 'Margin mode that is explained: standard or portfolio (the own one)',
  }) as unknown as Argv<T>;
}

function worstText({ kind, spot_move, volatility, weight }: WorstMeasure): string {
  if (spot_move === null) return kind.replace('_', ' ');
  const move = `${spot_move >= 0 ? '+' : ''}${Math.round(1_000 * spot_move) / 10} %`;
  const shock = volatility === 'none' ? '' : `, volatility ${volatility}`;
  return `index ${move}${shock}${weight === 1 ? '' : `, weight ${weight}`}`;
}

function limitText(limit: number | null): string {
  return limit === null ? 'none' : String(limit);
}

/** The lines of an answer for people. */
function detailLines(found: MarginDetailInfo): string[] {
  const { standard, portfolio } = found;
  const isStandard = found.explained === 'standard';
  const linearName = isStandard ? 'futures and perpetual' : 'perpetual';
  return [
    ...fields({
      'margin mode': found.margin_mode,
      cash: found.cash,
      'gain of futures': found.variation,
      equity: found.equity,
    }),
    '',
    ...table([
      ['left, USD', 'standard', 'portfolio'],
      ['above initial', standard.initial_margin_balance, portfolio.initial_margin_balance],
      [
        'above maintenance, with orders',
        standard.order_maintenance_balance,
        portfolio.order_maintenance_balance,
      ],
      ['above maintenance', standard.maintenance_balance, portfolio.maintenance_balance],
    ]),
    '',
    `${found.explained} margin, initial:`,
    ...found.underlyings.map(
      ({ currency, mark_value, worst, worst_loss, confidence_charge }) =>
        `${currency}: worth ${mark_value}, worst ${worstText(worst)}: ${worst_loss}` +
        (confidence_charge === '0' ? '' : `, less ${confidence_charge} for low confidence`),
    ),
    ...table([
      ['instrument', 'coins', 'value', isStandard ? 'needs by itself' : 'in the worst case'],
      ...found.positions.map((one) => [
        one.instrument_name,
        String(one.size),
        one.value,
        one.change,
      ]),
    ]),
    '',
    ...table([
      isStandard
        ? ['expiry', 'each by itself, with orders', 'charges', 'set against each other', 'total']
        : ['expiry', 'positions', 'charges', 'other, with orders', 'total'],
      ...found.expiries.map((one) => [
        `${one.currency} ${one.expiration_timestamp === 0 ? linearName : new Date(one.expiration_timestamp).toISOString().slice(0, 16)}`,
        one.positions,
        one.charges,
        one.other,
        one.total,
      ]),
    ]),
    '',
    ...found.liquidation_prices.map(({ currency, index_price, below, above }) =>
      below === null && above === null
        ? `${currency} at ${index_price}: no move of the index alone, down to a twentieth or up to five times, leads to liquidation`
        : `${currency} at ${index_price}: liquidated near ${limitText(below)} below, ${limitText(above)} above`,
    ),
  ];
}

export async function showMargin(argv: Arguments): Promise<void> {
  const account = accountOf(argv);
  const sub_account = subAccountOf(argv);
  const margin_mode = choice(argv, 'mode', MODES);
  await withClient(argv, async (client) => {
    const found = await client.call('private/get_margin_detail', {
      account,
      sub_account,
      margin_mode,
    });
    print(flag(argv, 'json'), found, detailLines(found));
  });
}

export async function setMode(argv: Arguments): Promise<void> {
  const mode = choice(argv, 'mode', MODES);
  if (mode === undefined) throw usageError('mode', 'nothing', MODES.join(', '));
  const subAccount = subAccountOf(argv);
  await withClient(argv, (client) =>
    sendActions(
      argv,
      client,
      [{ type: 'setMarginMode', mode, subAccount }],
      `put sub-account ${subAccount} under ${mode} margin`,
    ),
  );
}

/** Adds `margin` and `mode` to the commands of an account. */
export function withMarginCommands(yargs: Argv): Argv {
  return yargs
    .command(
      'margin [account]',
      'Explain the margin of a sub-account line by line, with liquidation prices',
      (y) =>
        withMode(withAccount(y))
          .example('$0 account margin --from alice', 'what is left, and what takes it')
          .example(
            '$0 account margin --from alice --mode portfolio --json',
            'as it would be in portfolio mode',
          ),
      showMargin,
    )
    .command(
      'mode <mode>',
      'Put a sub-account under standard or portfolio margin; owner key, no open orders',
      (y) =>
        withSending(y)
          .positional('mode', { type: 'string', describe: 'standard or portfolio' })
          .example('$0 account mode portfolio --from alice --dry-run', 'what would be sent')
          .example('$0 account mode standard --from alice --yes', 'and back, without asking'),
      setMode,
    );
}

function positionsOf(argv: Arguments): Record<string, number> {
  const positions: Record<string, number> = {};
  for (const given of texts(argv, 'position')) {
    const [name = '', coins = '', ...rest] = given.split('=');
    const isDecimal = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/.test(coins);
    if (name === '' || !isDecimal || rest.length > 0) {
      throw usageError('--position', given, POSITION_FORM);
    }
    positions[name] = (positions[name] ?? 0) + Number(coins);
  }
  return positions;
}

async function simulate(argv: Arguments): Promise<void> {
  const isOwn = text(argv, 'account') !== undefined || text(argv, 'from') !== undefined;
  const account = isOwn ? accountOf(argv) : undefined;
  const sub_account = subAccountOf(argv);
  const simulated_positions = positionsOf(argv);
  const cash = text(argv, 'cash') ?? '0';
  if (!/^-?[0-9]{1,15}(?:\.[0-9]{1,6})?$/.test(cash)) {
    throw usageError('--cash', cash, 'USD, at most 6 decimals, e.g. 100000');
  }
  const margin_mode = choice(argv, 'mode', MODES);
  await withClient(argv, async (client) => {
    const found = await client.call('private/simulate_portfolio', {
      account,
      sub_account,
      add_positions: isOwn,
      simulated_positions,
      cash,
      margin_mode,
    });
    print(flag(argv, 'json'), found, detailLines(found));
  });
}

async function parameters(argv: Arguments): Promise<void> {
  const currency = mustText(argv, 'currency', 'an underlying, e.g. BTC').toUpperCase();
  await withClient(argv, async (client) => {
    const found = await client.call('public/get_risk_parameters', { currency });
    const [row] = found;
    print(flag(argv, 'json'), found, [
      ...fields(row?.in_force.parameters ?? {}),
      '',
      ...table([
        ['cell', 'spot, ppm', 'volatility', 'weight, ppm'],
        ...(row?.in_force.scenarios ?? []).map((cell, at) => [
          String(at),
          String(cell.spotPpm),
          cell.volatility,
          String(cell.weightPpm),
        ]),
      ]),
      '',
      row?.change === null || row === undefined
        ? 'no change announced'
        : `step ${row.change.step} of ${row.change.steps} until ${new Date(row.change.ends_at).toISOString()}`,
    ]);
  });
}

export function buildRisk(yargs: Argv): Argv {
  return yargs
    .command(
      'simulate [account]',
      'Margin with positions added to an account, or from nothing, in both modes',
      (y) =>
        withMode(withAccount(y))
          .option('position', {
            type: 'string',
            array: true,
            describe: `${POSITION_FORM}; once for each`,
          })
          .option('cash', { type: 'string', describe: 'USD that is added (0)' })
          .example(
            '$0 risk simulate --cash 50000 --position BTC-25DEC26-100000-C=-1 --mode portfolio',
            'a short call from nothing',
          )
          .example(
            '$0 risk simulate --from alice --position BTC-25DEC26-90000-P=2 --json',
            "two puts added to alice's book",
          ),
      simulate,
    )
    .command(
      'parameters <currency>',
      'Parameters of portfolio margin in force, and what was announced',
      (y) =>
        withNode(y)
          .positional('currency', { type: 'string', describe: 'BTC, ETH, …' })
          .example('$0 risk parameters BTC --json', 'all 39 and the cells'),
      parameters,
    );
}
