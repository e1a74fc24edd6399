/**
 * What of a node's methods a wallet can prove, and how. A prover asks the node as a hint where to look,
 * and for the fields that nothing proves, which it names; what it returns for the others is proven.
 */
import { accountMethods } from '../../node/rpc/methods/account.ts';
import { stakedValidators, stakingMethods } from '../../node/rpc/methods/staking.ts';
import { hashedBlockSummary } from '../../node/rpc/present-block.ts';
import { moneyText } from '../../node/rpc/present-money.ts';
import { receiptInfo } from '../../node/rpc/present-receipt.ts';
import type { BlockInfo, EpochInfo, ValidatorInfo } from '../../node/rpc/schemas/chain.ts';
import type { MethodName, ParamsOf, ResultOf } from '../../node/rpc/schemas/methods.ts';
import { rowJson, stateTables, tableIdOf } from '../../node/rpc/state-tables.ts';
import { formatAddress } from '../../runtime/accounts/address-text.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { transactionsRoot, wireId } from '../../runtime/block.ts';
import { equalBytes, fromHex, toHex } from '../../runtime/core/bytes.ts';
import { address, portfolioId, subAccount } from '../../runtime/core/units.ts';
import { type EpochConfig, quorumWeight, totalWeight } from '../../runtime/epoch-config.ts';
import { PARAMETER_RANGES, type Parameters } from '../../runtime/governance/parameters.ts';
import { balanceOf } from '../../runtime/ledger/ledger.ts';
import { metaOf, parametersOf } from '../../runtime/state/state.ts';
import { PAYLOAD, PayloadCodec, transactionId } from '../../runtime/transaction.ts';
import type { Client } from '../client/client.ts';
import { decodeFinalizedBlock } from '../client/verify-finality.ts';
import {
  computeProven,
  failProof,
  handleProven,
  LightFailure,
  mustProve,
  provenAddress,
} from './answers.ts';
import { type LightClient, placeOf, type VerifiedAt } from './light-client.ts';
import { provenPositions } from './prove-positions.ts';
import type { TrustedEpoch } from './trust.ts';

/** What a prover works with; `raw` is the node itself, unverified. */
export type ProverContext = {
  readonly light: LightClient;
  readonly raw: Client;
  /** Longest wait for the header that carries a receipt. */
  readonly waitMs: number;
};

/** An answer, proven as of `at`; `unproven`: fields that are the node's word; `notes` for people. */
export type ProvenAnswer<M extends MethodName> = {
  readonly value: ResultOf<M>;
  /** `undefined`: nothing of it is proven yet. */
  readonly at: VerifiedAt | undefined;
  readonly unproven?: readonly string[];
  readonly notes?: readonly string[];
};
type Prover<M extends MethodName> = (
  context: ProverContext,
  params: ParamsOf<M>,
) => Promise<ProvenAnswer<M>>;

/** Where an epoch's config stands proven: in the headers of its blocks. */
async function provenEpoch(
  { light }: ProverContext,
  of: number | undefined,
): Promise<{ readonly epoch: TrustedEpoch; readonly at: VerifiedAt }> {
  const final = mustProve(await light.header());
  const number = of ?? final.header.epoch;
  const epoch = light.epochConfig(number);
  if (epoch !== undefined) return { epoch, at: placeOf(final) };
  return failProof('epoch', 'not_reached', `certificates do not lead to epoch ${number}`);
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const addressText = (raw: Uint8Array): string => formatAddress(address(toHex(raw)));

function validatorInfos({ validators }: EpochConfig): ValidatorInfo[] {
  return validators.map((validator, index) => ({
    index,
    operator: addressText(validator.operator),
    consensus_key: toHex(validator.consensusKey),
    oracle_key: toHex(validator.oracleKey),
    peer_key: toHex(validator.peerKey),
    weight: validator.weight.toString(),
    addresses: validator.addresses.map(text),
  }));
}

function epochInfo({ config, configHash }: TrustedEpoch): EpochInfo {
  const { limits, pacing } = config;
  return {
    epoch: config.epoch,
    ends_at: config.endsAt,
    leader_seed: toHex(config.leaderSeed),
    config_hash: toHex(configHash),
    validators: config.validators.length,
    limits: {
      max_bytes: limits.maxBytes,
      max_payloads: limits.maxPayloads,
      max_weight: limits.maxWeight,
    },
    pacing: {
      min_block_interval_ms: pacing.minBlockIntervalMs,
      idle_block_ms: pacing.idleBlockMs,
      delta_ms: pacing.deltaMs,
      timeout_growth_percent: pacing.timeoutGrowthPercent,
      timeout_cap_ms: pacing.timeoutCapMs,
    },
  };
}

const POLL_MS = 250;

/** The receipt of a transaction that the node says is final, once a header carries its root. */
async function provenReceipt(
  { light, waitMs }: ProverContext,
  id: string,
): ReturnType<LightClient['receipt']> {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const receipt = await light.receipt(id);
    if (receipt.ok || receipt.error.code !== 'not_yet' || waitedMs >= waitMs) return receipt;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Puts the proven receipt in the place of the one that the node told. */
async function withReceipt<I extends ResultOf<'get_transaction'>>(
  context: ProverContext,
  said: I,
): Promise<{
  readonly value: I;
  readonly at: VerifiedAt | undefined;
  readonly notes?: readonly string[];
}> {
  if (said.status !== 'final') {
    return { value: said, at: undefined, notes: [`no block is proven to hold it: ${said.status}`] };
  }
  const proven = await provenReceipt(context, said.transaction_id);
  if (proven.ok) {
    const { receipt, height, at } = proven.value;
    return { value: { ...said, height, receipt: receiptInfo(receipt) }, at };
  }
  if (proven.error.code !== 'not_yet') throw new LightFailure(proven.error);
  const notes = [`no header carries its receipt yet: ${proven.error.detail}`];
  return { value: said, at: undefined, notes };
}

/** A block whose header is final and whose payloads are those that the header commits to. */
async function provenBlock(
  { light, raw }: ProverContext,
  params: ParamsOf<'get_block'>,
): Promise<ProvenAnswer<'get_block'>> {
  const said = await raw.call('get_block', { ...params, raw: true });
  const decoded = decodeFinalizedBlock(fromHex(said.raw ?? '') ?? new Uint8Array(0));
  if (!decoded.ok) return failProof('header', decoded.error.code, decoded.error.detail);
  const { block } = decoded.value;
  const wanted = params.height ?? said.height;
  const final = mustProve(await light.header(wanted));
  const summary = hashedBlockSummary(block);
  if (summary.hash !== toHex(final.hash)) {
    return failProof('header', 'other_block', `block ${wanted} is ${toHex(final.hash)}`);
  }
  if (!equalBytes(transactionsRoot(block.payloads.map(wireId)), block.header.transactionsRoot)) {
    return failProof('header', 'other_payloads', `of block ${wanted}`);
  }
  const chainId = light.chainId() ?? new Uint8Array(32);
  const body: BlockInfo['body'] = block.payloads.flatMap((bytes) => {
    const payload = PayloadCodec.decode(bytes);
    if (!payload.ok || payload.value.selector !== PAYLOAD.transaction) return [];
    const { body: of } = payload.value.value;
    const id = toHex(transactionId(chainId, of));
    return {
      transaction_id: id,
      wire_id: toHex(wireId(bytes)),
      account: addressText(of.account),
      nonce: of.nonce,
      actions: of.actions.length,
      receipt: said.body.find((one) => one.transaction_id === id)?.receipt ?? null,
    };
  });
  return {
    value: {
      ...summary,
      finalization: said.finalization,
      body,
      ...(params.raw === true ? { raw: said.raw } : {}),
    },
    at: placeOf(final),
    unproven: [...(body.length > 0 ? ['body.receipt'] : []), 'finalization'],
  };
}

export const PROVERS: { readonly [M in MethodName]?: Prover<M> } = {
  async get_status({ light, raw }) {
    const said = await raw.call('get_status', {});
    const final = mustProve(await light.header());
    const chainId = toHex(light.chainId() ?? new Uint8Array(0));
    if (said.chain_id !== chainId) {
      failProof('genesis', 'other_chain', `the node says ${said.chain_id}, trusted is ${chainId}`);
    }
    const { header } = final;
    const proven = { height: header.height, epoch: header.epoch, timestamp: header.timestamp };
    const unproven = ['node_version', 'executed_height', 'view', 'syncing', 'validator'];
    return {
      value: { ...said, ...proven },
      at: placeOf(final),
      unproven: [...unproven, 'halted', 'mempool_size', 'peers'],
    };
  },

  async get_account({ light, raw }, params) {
    const said = await raw.call('get_account', params);
    const subAccounts = [...new Set([0, ...said.balances.map((one) => one.sub_account)])];
    const { value, at } = await handleProven(
      light,
      (context) => accountMethods.get_account(params, context, undefined),
      { subAccounts: subAccounts.sort((a, b) => a - b) },
    );
    return {
      value,
      at,
      notes: ['balances of other sub-accounts than those shown are not looked at'],
    };
  },

  async 'private/get_account_summary'({ light, raw }, params) {
    const said = await raw.call('private/get_account_summary', params);
    const owner = provenAddress(params.account);
    const { value, at } = await computeProven(light, (state) => {
      const id = state.accounts.get(owner)?.id;
      const portfolio =
        id === undefined ? undefined : portfolioId(id, subAccount(params.sub_account ?? 0));
      const held = (of: 'usd' | 'mil'): string =>
        portfolio === undefined ? '0' : moneyText(balanceOf(state, portfolio, DENOMINATION[of]));
      return { height: metaOf(state).height, balance: held('usd'), mil: held('mil') };
    });
    const address = formatAddress(owner);
    const computed = ['equity', 'available_withdrawal_funds', 'margin'];
    return {
      value: {
        ...said,
        ...value,
        ...{ address, sub_account: params.sub_account ?? 0, currency: 'USD' },
      },
      at,
      unproven: [...computed, 'positions', 'open_orders'],
    };
  },

  async 'private/get_positions'({ light, raw }, params) {
    const said = await raw.call('private/get_positions', params);
    const listed = await Promise.all(
      said.map(async (info) => {
        const { instrument_name } = info;
        const { instrument_id: id } = await raw.call('public/get_instrument', { instrument_name });
        return { id, info };
      }),
    );
    const owner = { address: provenAddress(params.account), sub: params.sub_account ?? 0 };
    const { value, at } = await computeProven(light, (state) => {
      metaOf(state);
      return provenPositions(state, owner, listed);
    });
    return {
      value: value.positions,
      at,
      unproven: ['mark_price', 'value', 'delta', 'average_price', 'floating_profit_loss'],
      notes: [...value.notes, 'that there are no other positions is not proven'],
    };
  },

  async get_delegations({ light, raw }, params) {
    const said = await raw.call('get_delegations', params);
    const addresses = [provenAddress(params.account), provenAddress(said.withdraw_address)];
    return handleProven(
      light,
      (context) => stakingMethods.get_delegations(params, context, undefined),
      { addresses },
    );
  },

  get_validator: ({ light }, params) =>
    handleProven(light, (context) => stakingMethods.get_validator(params, context, undefined)),
  get_staking_parameters: ({ light }) =>
    handleProven(light, (context) => stakingMethods.get_staking_parameters({}, context, undefined)),
  get_staking_pools: ({ light }) =>
    handleProven(light, (context) => stakingMethods.get_staking_pools({}, context, undefined)),

  async get_validators(context, params) {
    const { epoch, at } = await provenEpoch(context, params.epoch);
    const { config } = epoch;
    const isNow = params.epoch === undefined;
    const staked = isNow ? await handleProven(context.light, stakedValidators) : undefined;
    return {
      value: {
        epoch: config.epoch,
        total_weight: totalWeight(config).toString(),
        quorum_weight: quorumWeight(config).toString(),
        validators: validatorInfos(config),
        registered: staked?.value ?? [],
      },
      at: staked?.at ?? at,
    };
  },

  async get_epoch(context, params) {
    const { epoch, at } = await provenEpoch(context, params.epoch);
    return { value: epochInfo(epoch), at };
  },

  async get_parameters({ light, raw }) {
    const said = await raw.call('get_parameters', {});
    const { value, at } = await computeProven(light, (state) => ({
      height: metaOf(state).height,
      parameters: parametersOf(state),
    }));
    const names = Object.keys(PARAMETER_RANGES) as (keyof Parameters)[];
    const parameters = Object.fromEntries(
      names.map((name) => [name, { value: value.parameters[name], ...PARAMETER_RANGES[name] }]),
    );
    return { value: { ...said, height: value.height, parameters }, at, unproven: ['sets'] };
  },

  async get_proof({ light, raw }, params) {
    const table = tableIdOf(params.table);
    const key = params.key.toLowerCase();
    const [proven, said] = [
      mustProve(await light.rows([{ table, key }])),
      await raw.call('get_proof', params),
    ];
    const [value] = proven.values;
    return {
      value: {
        ...said,
        table: stateTables().find(({ id }) => id === table)?.name ?? '',
        table_id: table,
        key,
        value: value === undefined ? null : toHex(value),
        row: value === undefined ? null : (rowJson(table, value) ?? null),
        height: proven.at.stateHeight,
        carried_at: proven.at.height,
        state_root: proven.stateRoot,
      },
      at: proven.at,
      unproven: ['proof'],
    };
  },

  get_block: provenBlock,

  async get_transaction(context, params) {
    const said = await context.raw.call('get_transaction', params);
    const id = params.transaction_id;
    return withReceipt({ ...context, waitMs: 0 }, { ...said, transaction_id: id });
  },

  async submit_transaction(context, params) {
    // A node that fails here is sent nothing.
    mustProve(await context.light.sync());
    const said = await context.raw.call('submit_transaction', params);
    const signed = fromHex(params.transaction);
    const bytes = Uint8Array.of(PAYLOAD.transaction, ...(signed ?? []));
    const payload = PayloadCodec.decode(bytes);
    const chainId = context.light.chainId();
    if (!payload.ok || payload.value.selector !== PAYLOAD.transaction || chainId === undefined) {
      return { value: said, at: undefined };
    }
    const id = toHex(transactionId(chainId, payload.value.value.body));
    const ids = { transaction_id: id, digest: id, wire_id: toHex(wireId(bytes)) };
    return withReceipt(context, { ...said, ...ids });
  },
};
