/**
 * One step from an epoch to the next: the header of an epoch's last block names the config of the next,
 * and two thirds of this epoch's weight signed it.
 *
 * Source: design/chain.md §3–4. Pure. Invariant: a config is trusted only if its hash stood in a header
 * that the config before certified.
 */
import { CertificateCodec } from '../../consensus/messages.ts';
import type { EpochProofInfo, FinalHeadersInfo } from '../../node/rpc/schemas/light.ts';
import type { FinalizedBlock } from '../../p2p/messages.ts';
import { blockHash, HeaderCodec, isEpochLast } from '../../runtime/block.ts';
import { equalBytes, fromHex, toHex, ZERO_32 } from '../../runtime/core/bytes.ts';
import { ok, type Result } from '../../runtime/core/result.ts';
import { EpochConfigCodec, epochConfigHash } from '../../runtime/epoch-config.ts';
import { type FinalHeader, verifyFinality } from '../client/verify-finality.ts';
import { type LightError, lightError, type TrustedEpoch } from './trust.ts';

const bytesOf = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0);

/** Takes the config of epoch `epoch` if it has this hash. Errors: malformed_config, other_config. */
export function trustConfig(
  hex: string,
  expected: { readonly epoch: number; readonly configHash: Uint8Array },
): Result<TrustedEpoch, LightError> {
  const decoded = EpochConfigCodec.decode(bytesOf(hex));
  if (!decoded.ok) return lightError('epoch', 'malformed_config', decoded.error.detail);
  const configHash = epochConfigHash(decoded.value);
  if (!equalBytes(configHash, expected.configHash) || decoded.value.epoch !== expected.epoch) {
    const detail = `epoch ${expected.epoch} has config ${toHex(expected.configHash)}, the answer ${toHex(configHash)}`;
    return lightError('epoch', 'other_config', detail);
  }
  return ok({ config: decoded.value, configHash });
}

/**
 * Verifies that the first of `headers` is final in an epoch. Errors in order: malformed_header,
 * malformed_certificate, then those of `verifyFinality`. Cost: ~1 ms a signature.
 */
export function verifyHeaders(
  { headers, finalization }: FinalHeadersInfo,
  trusted: TrustedEpoch,
  chainId: Uint8Array,
): Result<FinalHeader, LightError> {
  const certificate = CertificateCodec.decode(bytesOf(finalization));
  if (!certificate.ok) {
    return lightError('header', 'malformed_certificate', certificate.error.detail);
  }
  const blocks: FinalizedBlock[] = [];
  for (const hex of headers) {
    const header = HeaderCodec.decode(bytesOf(hex));
    if (!header.ok) return lightError('header', 'malformed_header', header.error.detail);
    const block = { header: header.value, payloads: [] };
    blocks.push({ block, finalization: certificate.value });
  }
  const final = verifyFinality(blocks, trusted.config, chainId);
  if (final.ok) return final;
  return lightError('finality', final.error.code, final.error.detail);
}

/**
 * The hash of the next epoch's config, from an epoch's proof. Errors in order: those of `verifyHeaders`,
 * not_last: the header is not that of the epoch's last block.
 */
export function nextConfigHash(
  proof: EpochProofInfo & { readonly header: string; readonly finalization: string },
  trusted: TrustedEpoch,
  chainId: Uint8Array,
): Result<Uint8Array, LightError> {
  const info = { headers: [proof.header], finalization: proof.finalization };
  const final = verifyHeaders(info, trusted, chainId);
  if (!final.ok) return final;
  const { header } = final.value;
  if (!isEpochLast(header, trusted.config) || equalBytes(header.nextConfig, ZERO_32)) {
    return lightError('epoch', 'not_last', `${toHex(blockHash(header))} does not end the epoch`);
  }
  return ok(header.nextConfig);
}
