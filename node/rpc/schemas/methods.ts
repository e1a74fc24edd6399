/**
 * Every method of the interface: its parameters, its result, and one sentence. Validation, the
 * OpenRPC document and the client's types all come from here. Browser-safe; the names are stable.
 *
 * Names and meanings are Deribit's where it has them (`public/…`, `private/…`); account data is
 * public on a chain, so `private/…` methods take an `account` and no login.
 */
import * as z from 'zod';
import * as account from './account.ts';
import * as chain from './chain.ts';
import { Millis, type NoParams, NoParamsSchema } from './common.ts';
import * as governance from './governance.ts';
import * as light from './light.ts';
import * as liquidation from './liquidation.ts';
import * as margin from './margin.ts';
import * as market from './market.ts';
import * as security from './security.ts';
import * as settlement from './settlement.ts';
import * as staking from './staking.ts';
import * as statistics from './statistics.ts';
import * as subscription from './subscription.ts';
import * as trading from './trading.ts';
import * as transaction from './transaction.ts';

type Method<P, R> = { params: P; result: R };

/** Parameters and result of each method. */
export type MethodTypes = {
  'public/test': Method<NoParams, { version: string }>;
  'public/get_time': Method<NoParams, number>;
  'public/status': Method<NoParams, { locked: 'true' | 'false'; reason: string | null }>;
  'public/get_currencies': Method<NoParams, market.CurrencyInfo[]>;
  'public/get_instruments': Method<market.GetInstrumentsParams, market.InstrumentInfo[]>;
  'public/get_instrument': Method<market.InstrumentParams, market.InstrumentInfo>;
  'public/get_order_book': Method<market.GetOrderBookParams, market.OrderBook>;
  'public/ticker': Method<market.InstrumentParams, market.Ticker>;
  'public/get_index_price': Method<market.GetIndexPriceParams, market.IndexPriceInfo>;
  'public/get_last_trades_by_instrument': Method<market.GetLastTradesParams, market.TradesAnswer>;
  'public/get_expirations': Method<market.GetExpirationsParams, market.ExpirationsAnswer>;
  'public/get_funding_rate_history': Method<market.InstrumentParams, market.FundingHour[]>;
  'public/get_delivery_prices': Method<market.GetDeliveryPricesParams, market.DeliveryPricesAnswer>;
  'public/get_auction': Method<market.InstrumentParams, market.AuctionInfo | null>;
  'public/get_settlement_proof': Method<
    settlement.SettlementProofParams,
    settlement.SettlementProof
  >;
  'public/get_oracle_status': Method<NoParams, settlement.OracleStatus>;
  'public/get_combos': Method<trading.GetCombosParams, trading.ComboInfo[]>;
  'public/get_combo_details': Method<trading.GetComboDetailsParams, trading.ComboInfo>;
  'public/get_rfqs': Method<trading.GetRfqsParams, trading.RfqsAnswer>;
  'public/get_liquidations': Method<
    liquidation.GetLiquidationsParams,
    liquidation.LiquidationsAnswer
  >;
  'public/get_insurance': Method<NoParams, liquidation.InsuranceInfo>;
  'public/subscribe': Method<subscription.SubscribeParams, string[]>;
  'public/unsubscribe': Method<subscription.UnsubscribeParams, string[]>;
  'private/get_account_summary': Method<account.PortfolioParams, account.AccountSummary>;
  'private/get_account_security': Method<account.AccountParams, security.AccountSecurityInfo>;
  'private/get_positions': Method<account.GetPositionsParams, account.PositionInfo[]>;
  'private/get_open_orders': Method<account.GetOpenOrdersParams, account.OrderInfo[]>;
  'private/get_order_state': Method<
    account.GetOrderStateParams,
    account.OrderInfo | account.TriggerInfo
  >;
  'private/get_user_trades': Method<account.GetUserTradesParams, account.UserTradesAnswer>;
  'private/get_trigger_orders': Method<trading.AccountFilterParams, account.TriggerInfo[]>;
  'private/get_mmp_config': Method<trading.AccountFilterParams, trading.MmpConfig[]>;
  'private/get_cancel_after': Method<account.AccountParams, trading.CancelAfterInfo[]>;
  'private/get_account_limits': Method<account.AccountParams, trading.AccountLimits>;
  'private/get_rfqs': Method<trading.AccountFilterParams, trading.RfqsAnswer>;
  'private/get_margin_detail': Method<margin.MarginDetailParams, margin.MarginDetailInfo>;
  'private/simulate_portfolio': Method<margin.SimulatePortfolioParams, margin.MarginDetailInfo>;
  'public/get_risk_parameters': Method<margin.RiskParametersParams, margin.RiskParametersInfo[]>;
  submit_transaction: Method<transaction.SubmitParams, transaction.SubmitResult>;
  submit_oracle_vote: Method<
    transaction.SubmitOracleVoteParams,
    transaction.SubmitOracleVoteResult
  >;
  get_transaction: Method<transaction.GetTransactionParams, transaction.TransactionInfo>;
  get_mempool: Method<NoParams, transaction.MempoolInfo>;
  get_status: Method<NoParams, chain.StatusInfo>;
  get_block: Method<chain.GetBlockParams, chain.BlockInfo>;
  get_blocks: Method<chain.GetBlocksParams, chain.BlockSummary[]>;
  get_validators: Method<chain.EpochParams, chain.ValidatorsAnswer>;
  get_validator: Method<staking.GetValidatorParams, staking.StakedValidatorInfo>;
  get_delegations: Method<staking.GetDelegationsParams, staking.DelegationsInfo>;
  get_staking_parameters: Method<NoParams, staking.StakingParametersInfo>;
  get_staking_pools: Method<NoParams, staking.StakingPoolsInfo>;
  get_proposals: Method<governance.GetProposalsParams, governance.ProposalsInfo>;
  get_proposal: Method<governance.GetProposalParams, governance.ProposalDetail>;
  get_votes: Method<governance.GetVotesParams, governance.VotesInfo>;
  get_parameter_sets: Method<NoParams, governance.ParameterSetsInfo>;
  simulate_proposal: Method<governance.SimulateProposalParams, governance.SimulationInfo>;
  get_evidence: Method<NoParams, staking.EvidenceInfo[]>;
  get_epoch: Method<chain.EpochParams, chain.EpochInfo>;
  get_parameters: Method<NoParams, chain.ParametersAnswer>;
  get_peers: Method<NoParams, chain.PeerInfoAnswer[]>;
  get_account: Method<account.AccountParams, account.AccountInfo>;
  get_proof: Method<chain.GetProofParams, chain.ProofInfo>;
  get_proofs: Method<light.GetProofsParams, light.ProofsInfo>;
  get_receipt_proof: Method<light.GetReceiptProofParams, light.ReceiptProofInfo>;
  get_genesis: Method<NoParams, light.GenesisInfo>;
  get_epoch_proofs: Method<light.GetEpochProofsParams, light.EpochProofInfo[]>;
  get_final_headers: Method<light.GetHeadersParams, light.FinalHeadersInfo>;
  get_supply: Method<NoParams, chain.SupplyInfo>;
  get_state_root: Method<NoParams, chain.StateRootInfo>;
  get_maker_statistics: Method<statistics.MakerStatisticsParams, statistics.MakerStatistics>;
  get_proposer_statistics: Method<
    statistics.ProposerStatisticsParams,
    statistics.ProposerStatistics
  >;
  'rpc.discover': Method<NoParams, Record<string, unknown>>;
};
export type MethodName = keyof MethodTypes;
export type ParamsOf<M extends MethodName> = MethodTypes[M]['params'];
export type ResultOf<M extends MethodName> = MethodTypes[M]['result'];

export type MethodSchema<M extends MethodName> = {
  readonly summary: string;
  readonly params: z.ZodType<ParamsOf<M>>;
  readonly result: z.ZodType<ResultOf<M>>;
  /** Only over WebSocket: it needs a connection to push to. */
  readonly transport: 'any' | 'websocket';
};

const any = <M extends MethodName>(
  summary: string,
  params: z.ZodType<ParamsOf<M>>,
  result: z.ZodType<ResultOf<M>>,
): MethodSchema<M> => ({ summary, params, result, transport: 'any' });

/** The methods, in the order of the documentation. */
export const METHODS: { readonly [M in MethodName]: MethodSchema<M> } = {
  'public/test': any(
    'Answers with the version of the node: to test a connection.',
    NoParamsSchema,
    z.strictObject({ version: z.string() }),
  ),
  'public/get_time': any("This node's clock, ms.", NoParamsSchema, Millis),
  'public/status': any(
    'Whether trading is locked on this node: `true` while it syncs or has halted.',
    NoParamsSchema,
    z.strictObject({ locked: z.enum(['true', 'false']), reason: z.string().nullable() }),
  ),
  'public/get_currencies': any(
    'Underlyings with the rules of their markets: ticks, sizes, limits, fees.',
    NoParamsSchema,
    z.array(market.CurrencyInfoSchema),
  ),
  'public/get_instruments': any(
    'Lists instruments, by expiry and strike.',
    market.GetInstrumentsParamsSchema,
    z.array(market.InstrumentInfoSchema).max(market.MAX_INSTRUMENTS),
  ),
  'public/get_instrument': any(
    'One instrument by name.',
    market.InstrumentParamsSchema,
    market.InstrumentInfoSchema,
  ),
  'public/get_order_book': any(
    'Ticker and book of an instrument, best prices first.',
    market.GetOrderBookParamsSchema,
    market.OrderBookSchema,
  ),
  'public/ticker': any(
    'Best prices, mark, greeks and statistics of an instrument.',
    market.InstrumentParamsSchema,
    market.TickerSchema,
  ),
  'public/get_index_price': any(
    'Index price of an underlying.',
    market.GetIndexPriceParamsSchema,
    market.IndexPriceInfoSchema,
  ),
  'public/get_last_trades_by_instrument': any(
    'Last trades of an instrument, newest first.',
    market.GetLastTradesParamsSchema,
    market.TradesAnswerSchema,
  ),
  'public/get_expirations': any(
    'Open expiries by underlying.',
    market.GetExpirationsParamsSchema,
    market.ExpirationsAnswerSchema,
  ),
  'public/get_funding_rate_history': any(
    'Funding of a perpetual by hour, of the last eight, oldest first.',
    market.InstrumentParamsSchema,
    z.array(market.FundingHourSchema).max(market.MAX_FUNDING_HOURS),
  ),
  'public/get_delivery_prices': any(
    'Delivery prices of past expiries, newest first.',
    market.GetDeliveryPricesParamsSchema,
    market.DeliveryPricesAnswerSchema,
  ),
  'public/get_auction': any(
    'What the running or last auction of an instrument said; null without one.',
    market.InstrumentParamsSchema,
    market.AuctionInfoSchema.nullable(),
  ),
  'public/get_settlement_proof': any(
    "An expiry's settlement window and its samples, with proofs: to recompute the delivery price.",
    settlement.SettlementProofParamsSchema,
    settlement.SettlementProofSchema,
  ),
  'public/get_oracle_status': any(
    'Index, surface and offsets, and per validator its last vote, slots missed and far votes.',
    NoParamsSchema,
    settlement.OracleStatusSchema,
  ),
  'public/get_combos': any(
    'Listed combos with their legs.',
    trading.GetCombosParamsSchema,
    z.array(trading.ComboInfoSchema),
  ),
  'public/get_combo_details': any(
    'One combo by name.',
    trading.GetComboDetailsParamsSchema,
    trading.ComboInfoSchema,
  ),
  'public/get_rfqs': any(
    'Live requests for quote; of one, with the quotes on it.',
    trading.GetRfqsParamsSchema,
    trading.RfqsAnswerSchema,
  ),
  'public/get_liquidations': any(
    'Accounts below maintenance margin, with the prices of their auctions; of one, its positions.',
    liquidation.GetLiquidationsParamsSchema,
    liquidation.LiquidationsAnswerSchema,
  ),
  'public/get_insurance': any(
    'The insurance fund, its use by hour, and the debt that all bear.',
    NoParamsSchema,
    liquidation.InsuranceInfoSchema,
  ),
  'public/subscribe': {
    summary: 'Subscribes to channels; with `from_height`, resumes after that height.',
    params: subscription.SubscribeParamsSchema,
    result: subscription.ChannelsSchema,
    transport: 'websocket',
  },
  'public/unsubscribe': {
    summary: 'Ends subscriptions of this connection.',
    params: subscription.UnsubscribeParamsSchema,
    result: subscription.ChannelsSchema,
    transport: 'websocket',
  },
  'private/get_account_summary': any(
    'Cash, equity and margin of a sub-account.',
    account.PortfolioParamsSchema,
    account.AccountSummarySchema,
  ),
  'private/get_account_security': any(
    'Keys, policy, agents, whitelist of an account, and what waits.',
    account.AccountParamsSchema,
    security.AccountSecuritySchema,
  ),
  'private/get_positions': any(
    'Positions of a sub-account.',
    account.GetPositionsParamsSchema,
    z.array(account.PositionInfoSchema),
  ),
  'private/get_open_orders': any(
    'Open orders of a sub-account, oldest first.',
    account.GetOpenOrdersParamsSchema,
    z.array(account.OrderInfoSchema),
  ),
  'private/get_order_state': any(
    'An order by number: open, waiting for its price, or closed within the memory of this node.',
    account.GetOrderStateParamsSchema,
    z.union([account.OrderInfoSchema, account.TriggerInfoSchema]),
  ),
  'private/get_user_trades': any(
    'Recent trades of an account, newest first.',
    account.GetUserTradesParamsSchema,
    account.UserTradesAnswerSchema,
  ),
  'private/get_trigger_orders': any(
    'Orders that wait for a price, oldest first.',
    trading.AccountFilterParamsSchema,
    z.array(account.TriggerInfoSchema),
  ),
  'private/get_mmp_config': any(
    'Market-maker protections with what their windows have traded.',
    trading.AccountFilterParamsSchema,
    z.array(trading.MmpConfigSchema),
  ),
  'private/get_cancel_after': any(
    'Dead-man switches of an account.',
    account.AccountParamsSchema,
    z.array(trading.CancelAfterSchema),
  ),
  'private/get_account_limits': any(
    'Rate credits, volume and fee tier, referrer, budgets of trading keys.',
    account.AccountParamsSchema,
    trading.AccountLimitsSchema,
  ),
  'private/get_rfqs': any(
    'Live requests for quote and quotes of an account.',
    trading.AccountFilterParamsSchema,
    trading.RfqsAnswerSchema,
  ),
  'private/get_margin_detail': any(
    'Margin of a sub-account line by line, in both modes, with liquidation prices.',
    margin.MarginDetailParamsSchema,
    margin.MarginDetailInfoSchema,
  ),
  'private/simulate_portfolio': any(
    'The same with positions and cash added to a sub-account, or from nothing.',
    margin.SimulatePortfolioParamsSchema,
    margin.MarginDetailInfoSchema,
  ),
  'public/get_risk_parameters': any(
    'Parameters of portfolio margin in force, and what was announced.',
    margin.RiskParametersParamsSchema,
    z.array(margin.RiskParametersInfoSchema),
  ),
  submit_transaction: any(
    'Submits a signed transaction; can wait until it is final.',
    transaction.SubmitParamsSchema,
    transaction.SubmitResultSchema,
  ),
  submit_oracle_vote: any(
    "Submits a validator's signed oracle vote.",
    transaction.SubmitOracleVoteParamsSchema,
    transaction.SubmitOracleVoteResultSchema,
  ),
  get_transaction: any(
    'Status of a transaction, with the result of each action once it is final.',
    transaction.GetTransactionParamsSchema,
    transaction.TransactionInfoSchema,
  ),
  get_mempool: any('Size of the mempool.', NoParamsSchema, transaction.MempoolInfoSchema),
  get_status: any('Place in the chain, health, peers.', NoParamsSchema, chain.StatusInfoSchema),
  get_block: any(
    'A final block with its transactions, receipts and certificate.',
    chain.GetBlockParamsSchema,
    chain.BlockInfoSchema,
  ),
  get_blocks: any(
    'Summaries of consecutive final blocks.',
    chain.GetBlocksParamsSchema,
    z.array(chain.BlockSummarySchema).max(chain.MAX_BLOCKS),
  ),
  get_validators: any(
    'Validators of an epoch with their weights; without `epoch`, also every validator registered.',
    chain.EpochParamsSchema,
    chain.ValidatorsAnswerSchema,
  ),
  get_validator: any(
    'One validator: commission, stake, weight, attendance, faults, expected yield.',
    staking.GetValidatorParamsSchema,
    staking.StakedValidatorSchema,
  ),
  get_delegations: any(
    'What an account has staked: shares, joins, unbondings, liens, rewards accrued now.',
    staking.GetDelegationsParamsSchema,
    staking.DelegationsSchema,
  ),
  get_staking_parameters: any(
    'Parameters of staking with units and ranges, and its limits.',
    NoParamsSchema,
    staking.StakingParametersSchema,
  ),
  get_staking_pools: any(
    'Bonded and unbonding stake, rewards held and owed, issuance.',
    NoParamsSchema,
    staking.StakingPoolsSchema,
  ),
  get_proposals: any(
    'Proposals, newest first, the guardian, pauses of trading, and what the community holds.',
    governance.GetProposalsParamsSchema,
    governance.ProposalsSchema,
  ),
  get_proposal: any(
    'A proposal: what it would do, its deposits, its vote validator by validator.',
    governance.GetProposalParamsSchema,
    governance.ProposalDetailSchema,
  ),
  get_votes: any(
    'Votes of delegators on a proposal, in the order in which they came.',
    governance.GetVotesParamsSchema,
    governance.VotesSchema,
  ),
  get_parameter_sets: any(
    'Every parameter that votes change: its set, value, unit and range.',
    NoParamsSchema,
    governance.ParameterSetsSchema,
  ),
  simulate_proposal: any(
    'What a proposal, or a content that is not yet one, would change if it were carried out now.',
    governance.SimulateProposalParamsSchema,
    governance.SimulationSchema,
  ),
  get_evidence: any(
    'Faults of validators that this node has seen, newest first: two votes that prove each.',
    NoParamsSchema,
    z.array(staking.EvidenceInfoSchema),
  ),
  get_epoch: any('Configuration of an epoch.', chain.EpochParamsSchema, chain.EpochInfoSchema),
  get_parameters: any(
    "The chain's parameters with units and ranges.",
    NoParamsSchema,
    chain.ParametersAnswerSchema,
  ),
  get_peers: any('Connected peers of this node.', NoParamsSchema, z.array(chain.PeerInfoSchema)),
  get_account: any(
    'Keys and balances of an account.',
    account.AccountParamsSchema,
    account.AccountInfoSchema,
  ),
  get_proof: any(
    'A row of the state, or its absence, with a Merkle proof.',
    chain.GetProofParamsSchema,
    chain.ProofInfoSchema,
  ),
  get_proofs: any(
    'Rows under one root, or their absence, with proofs, the header that carries it, its certificate.',
    light.GetProofsParamsSchema,
    light.ProofsInfoSchema,
  ),
  get_receipt_proof: any(
    'The receipts of the block of a transaction, with what proves them under a final header.',
    light.GetReceiptProofParamsSchema,
    light.ReceiptProofInfoSchema,
  ),
  get_genesis: any(
    'The genesis document, of which the chain id is the hash.',
    NoParamsSchema,
    light.GenesisInfoSchema,
  ),
  get_epoch_proofs: any(
    'Epochs: config, header of the last block, and one certificate each.',
    light.GetEpochProofsParamsSchema,
    z.array(light.EpochProofInfoSchema).max(light.MAX_EPOCH_PROOFS),
  ),
  get_final_headers: any(
    'Headers from a height, or the tip, up to one that a certificate makes final.',
    light.GetHeadersParamsSchema,
    light.FinalHeadersInfoSchema,
  ),
  get_supply: any(
    'Supply, module balances, and what breaks conservation. Reads every row.',
    NoParamsSchema,
    chain.SupplyInfoSchema,
  ),
  get_state_root: any(
    'State root of the newest checkpoint, and the root of each table.',
    NoParamsSchema,
    chain.StateRootInfoSchema,
  ),
  get_maker_statistics: any(
    'Fade per maker: touched lots that were taken away in the block that would have traded them.',
    statistics.MakerStatisticsParamsSchema,
    statistics.MakerStatisticsSchema,
  ),
  get_proposer_statistics: any(
    'What each proposer of the newest blocks included, how old, and in which order takers.',
    statistics.ProposerStatisticsParamsSchema,
    statistics.ProposerStatisticsSchema,
  ),
  'rpc.discover': any(
    'This interface as an OpenRPC document.',
    NoParamsSchema,
    z.record(z.string(), z.unknown()),
  ),
};

/** Every method name, in the order of the documentation. */
export const METHOD_NAMES: readonly MethodName[] = Object.keys(METHODS) as MethodName[];
