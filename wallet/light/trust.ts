/**
 * What a light client takes on trust: the genesis hash, or the hash of one epoch's config, and for how
 * long such trust lasts.
 *
 * Source: design/staking-and-keys.md §3 (trust 14 d < evidence 20 d < unbonding 21 d), design/chain.md §3.
 * Stake that weighed in an epoch answers for it until it has unbonded. Later its keys cost nothing, so a
 * chain made with them proves nothing: beyond the trust period a newer checkpoint is asked for.
 */
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import { err, ok, type Result } from '../../runtime/core/result.ts';
import type { EpochConfig } from '../../runtime/epoch-config.ts';

/** Trust lasts this long after the end of the epoch it is in, unless the genesis says less or more. */
export const DEFAULT_TRUST_MS: number = 14 * 86_400_000;

/** Where a client starts. `chainId` of a checkpoint, if known, is compared with what the node says. */
export type Anchor =
  | { readonly kind: 'genesis'; readonly chainId: Uint8Array }
  | {
      readonly kind: 'checkpoint';
      readonly epoch: number;
      /** SHA-256 of the SSZ of the epoch's config: `config_hash` of `get_epoch`. */
      readonly configHash: Uint8Array;
      readonly chainId?: Uint8Array | undefined;
    };

/** A config that is trusted: by the anchor, or by the certificates of the epochs since. */
export type TrustedEpoch = { readonly config: EpochConfig; readonly configHash: Uint8Array };

/** Which step failed, and how. `code` is stable; `detail` is for people. */
export type LightError = {
  readonly step: 'trust' | 'genesis' | 'epoch' | 'header' | 'finality' | 'proof' | 'receipt';
  readonly code: string;
  readonly detail: string;
};

export function lightError(
  step: LightError['step'],
  code: string,
  detail: string,
): Result<never, LightError> {
  return err({ step, code, detail });
}

/** Reads `epoch:hash`; `undefined` when it is not that. */
export function parseCheckpoint(text: string): Extract<Anchor, { kind: 'checkpoint' }> | undefined {
  const [, number, hex] = /^([0-9]{1,12}):([0-9a-fA-F]{64})$/.exec(text) ?? [];
  const configHash = fromHex(hex ?? '');
  if (number === undefined || configHash === undefined) return undefined;
  return { kind: 'checkpoint', epoch: Number(number), configHash };
}

/** `epoch:hash` of a trusted epoch: what another client can start from. */
export function checkpointText({ config, configHash }: TrustedEpoch): string {
  return `${config.epoch}:${toHex(configHash)}`;
}

/** Whether an epoch is still within the trust period. Errors: beyond_trust. */
export function checkTrustPeriod(
  { config }: TrustedEpoch,
  time: { readonly now: number; readonly trustMs: number },
): Result<void, LightError> {
  const until = config.endsAt + time.trustMs;
  if (time.now <= until) return ok(undefined);
  const days = (time.trustMs / 86_400_000).toFixed(1).replace(/\.0$/, '');
  return lightError(
    'trust',
    'beyond_trust',
    `epoch ${config.epoch} ended more than ${days} days ago: its validators may have unbonded; ` +
      'give a checkpoint (epoch:hash) of a newer epoch from a source that you trust',
  );
}
