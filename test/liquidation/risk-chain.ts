/**
 * A chain of one with people who trade options, futures and the perpetual under both margin modes,
 * for histories of whole blocks. Histories start from one prepared state, so that each is cheap.
 */
import { buildGenesis } from '../../genesis/build-state.ts';
import { checkGenesis } from '../../genesis/document.ts';
import { formatAddress } from '../../runtime/accounts/address-text.ts';
import { ACTION, type Action } from '../../runtime/action.ts';
import { ORDER_TYPE, type Side, TIME_IN_FORCE } from '../../runtime/actions/order-terms.ts';
import { PLAIN_TERMS } from '../../runtime/actions/orders.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { type Block, blockHash } from '../../runtime/block.ts';
import {
  type InstrumentId,
  type PortfolioId,
  portfolioId,
  priceTicks,
  sizeLots,
  subAccount,
  timestampMs,
} from '../../runtime/core/units.ts';
import { type BlockResult, executeBlock } from '../../runtime/execute.ts';
import { mint } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import { contractTerms } from '../../runtime/linear/contract-terms.ts';
import {
  DEFAULT_LIQUIDATION_PARAMETERS,
  type LiquidationParameters,
} from '../../runtime/liquidation/parameters.ts';
import { INSTRUMENT_STATE } from '../../runtime/options/instrument.ts';
import { SINGLETON_KEY } from '../../runtime/state/key-codec.ts';
import type { State } from '../../runtime/state/state.ts';
import { PAYLOAD, PayloadCodec, SCHEME } from '../../runtime/transaction.ts';
import { accountOf } from '../fixtures/block.ts';
import { nextBlock, oraclePayloads, runBlock, type TestChain } from '../fixtures/chain.ts';
import { genesisJson, START, testKey } from '../fixtures/genesis.ts';
import { reloaded } from '../fixtures/state.ts';

const MICRO = 1_000_000n;
const NAMES = ['ann', 'ben', 'cho', 'dan', 'eva', 'fay'];
export const PEOPLE: number = NAMES.length;
const KEYS = NAMES.map(testKey);
const NO_SIGNATURE = new Uint8Array(64);
/** Of the first expiry listed; options of a minute are worth little more than their payoff. */
const EXPIRY_MS = 60_000;

export type RiskChain = {
  readonly chain: TestChain;
  /** Main sub-accounts, which hold the dollars. */
  readonly people: readonly PortfolioId[];
};

/** The state two blocks after genesis: everything listed and marked, nobody has anything. */
function preparedChain(): RiskChain {
  const document = genesisJson({ accounts: [], epochMs: 30_000, expiryIntervalMs: EXPIRY_MS });
  const [btc, eth] = document['underlyings'] as Record<string, unknown>[];
  const parameters = {
    ...(document['parameters'] as object),
    settlementWindowMs: 4_000,
    settlementSlots: 4,
    settlementsPerBlock: 3,
    insuranceShareBps: 2_000,
  };
  const checked = checkGenesis({
    ...document,
    parameters,
    accounts: KEYS.map((key) => ({ address: formatAddress(key.address), usd: '0', mil: '0' })),
    insurance: '0',
    underlyings: [
      { ...btc, strikesListed: 3, expiriesListed: 2, futureLotsPerCoin: 1_000, futuresListed: 1 },
      { ...eth, strikesListed: 1, expiriesListed: 1 },
    ],
  });
  if (!checked.ok) throw new Error(JSON.stringify(checked.error));
  const { state, chainId } = buildGenesis(checked.value);
  const people = KEYS.map(({ address }) => {
    const account = state.accounts.get(address);
    if (account === undefined) throw new Error('genesis made an account of each person');
    return portfolioId(account.id, subAccount(0));
  });
  const indexes = new Map([
    [0, 100_000],
    [1, 4_000],
  ]);
  const chain: TestChain = { state, chainId, now: START, indexes, nonce: START, blocks: [] };
  for (let i = 0; i < 2; i++) runBlock(chain, [], { stepMs: 1_000 });
  return { chain, people };
}

let prepared: RiskChain | undefined;

/** A chain of its own, on which people and the insurance fund have these whole dollars. */
export function riskChain(facts: {
  readonly dollars: readonly number[];
  readonly insurance: number;
  readonly liquidation: Partial<LiquidationParameters>;
}): RiskChain {
  prepared ??= preparedChain();
  const { chain, people } = prepared;
  const state = reloaded(chain.state);
  for (const [i, portfolio] of people.entries()) {
    mint(state, portfolio, DENOMINATION.usd, BigInt(facts.dollars[i] ?? 0) * MICRO);
  }
  mint(state, MODULE.insurance, DENOMINATION.usd, BigInt(facts.insurance) * MICRO);
  const parameters = { ...DEFAULT_LIQUIDATION_PARAMETERS, ...facts.liquidation };
  state.liquidationParameters.set(SINGLETON_KEY, parameters);
  const { indexes, blocks } = chain;
  return {
    chain: { ...chain, state, indexes: new Map(indexes), blocks: [...blocks] },
    people,
  };
}

/** Everything that trades, by number. */
export function tradedInstruments(state: State): InstrumentId[] {
  return (state.instruments.sortedKeys() as InstrumentId[]).filter(
    (id) => state.instruments.must(id).state === INSTRUMENT_STATE.open,
  );
}

/** A limit order of the main sub-account, some ticks from the mark. */
export function orderAtMark(
  state: State,
  order: {
    readonly instrument: InstrumentId;
    readonly side: Side;
    readonly lots: number;
    readonly ticks: number;
    readonly ioc: boolean;
  },
): Action {
  const { instrument, side, lots, ticks, ioc } = order;
  const { kind, underlying } = state.instruments.must(instrument);
  const { optionTickMicroUsd } = contractTerms(state.underlyings.must(underlying), kind);
  const mark = state.derived.marks.byInstrument.get(instrument)?.price ?? 0;
  const value = {
    ...PLAIN_TERMS,
    type: ORDER_TYPE.limit,
    timeInForce: ioc ? TIME_IN_FORCE.ioc : TIME_IN_FORCE.gtc,
    subAccount: subAccount(0),
    instrument,
    side,
    price: priceTicks(Math.max(1, Math.floor(mark / optionTickMicroUsd) + ticks)),
    size: sizeLots(lots),
  };
  return { selector: ACTION.placeOrder, value };
}

/** The transaction of a person, with a signature of zeros: execution does not look at it. */
export function unsigned(chain: TestChain, who: number, actions: readonly Action[]): Uint8Array {
  const key = KEYS[who];
  if (key === undefined) throw new Error(`nobody has the number ${who}`);
  chain.nonce += 1;
  const body = {
    account: accountOf(key),
    nonce: chain.nonce,
    expiresAt: timestampMs(chain.now + 3_600_000),
    signers: [{ scheme: SCHEME.ed25519, publicKey: key.publicKey }],
    actions: [...actions],
  };
  const value = { body, signatures: [NO_SIGNATURE] };
  return PayloadCodec.encode({ selector: PAYLOAD.transaction, value });
}

/** 20 bytes of a person's address. */
export function addressBytes(who: number): Uint8Array {
  const key = KEYS[who];
  if (key === undefined) throw new Error(`nobody has the number ${who}`);
  return accountOf(key);
}

/** The next block, to be executed by `execute`; `oracle`: whether all validators vote in it. */
export function buildBlock(
  chain: TestChain,
  payloads: readonly Uint8Array[],
  oracle: 'live' | 'out',
): Block {
  const votes = oracle === 'live' ? oraclePayloads(chain, chain.now) : [];
  return nextBlock(chain, [...votes, ...payloads]);
}

/** Executes a block on the chain's state. */
export function execute(chain: TestChain, block: Block): BlockResult {
  const hash = blockHash(block.header);
  const result = executeBlock(chain.state, block, hash);
  chain.blocks.push({ block, hash });
  return result;
}
