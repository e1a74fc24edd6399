/**
 * Verifies that a block is final, from its certificate and the validators' config: what a light client
 * can check of a node that it does not trust.
 *
 * Source: design/chain.md §3–4. A config is trusted by its hash, which headers of its epoch carry; where
 * the hash comes from is the caller's matter (another node, a genesis, an explorer). A certificate may
 * certify a descendant: then the blocks between show the ancestry. Browser-safe.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { type CertificateError, verifyCertificate } from '../../consensus/certificate.ts';
import { committeeOf } from '../../consensus/committee.ts';
import { KIND } from '../../consensus/messages.ts';
import { type FinalizedBlock, FinalizedBlockCodec } from '../../p2p/messages.ts';
import { blockHash, type Header } from '../../runtime/block.ts';
import { equalBytes, toHex } from '../../runtime/core/bytes.ts';
import { err, ok, type Result } from '../../runtime/core/result.ts';
import type { Weight } from '../../runtime/core/units.ts';
import { type EpochConfig, epochConfigHash } from '../../runtime/epoch-config.ts';

/** In order of precedence. */
export type FinalityError =
  | { readonly code: 'malformed_block' | 'no_blocks'; readonly detail: string }
  /** A header is of another config than the one given. */
  | { readonly code: 'wrong_config'; readonly detail: string }
  /** A block does not name the one before it as its parent. */
  | { readonly code: 'broken_chain'; readonly detail: string }
  /** The certificate finalizes none of the blocks. */
  | { readonly code: 'not_certified'; readonly detail: string }
  | CertificateError;

/** A block that is proven final. */
export type FinalHeader = {
  readonly header: Header;
  readonly hash: Uint8Array;
  /** Weight of those who signed, and how many. */
  readonly signedWeight: Weight;
  readonly signatures: number;
};

/** Decodes what `get_block` gives as `raw`. Errors: malformed_block. */
export function decodeFinalizedBlock(raw: Uint8Array): Result<FinalizedBlock, FinalityError> {
  const decoded = FinalizedBlockCodec.decode(raw);
  if (decoded.ok) return decoded;
  return err({ code: 'malformed_block', detail: decoded.error.detail });
}

/**
 * Checks that the first of consecutive blocks is final: its certificate is of it, or of one of the others,
 * which descend from it. Errors in order: no_blocks, wrong_config, broken_chain, not_certified, then those
 * of `verifyCertificate`. Cost: ~1 ms a signature.
 */
export function verifyFinality(
  blocks: readonly FinalizedBlock[],
  config: EpochConfig,
  chainId: Uint8Array,
): Result<FinalHeader, FinalityError> {
  const [first] = blocks;
  if (first === undefined) return err({ code: 'no_blocks', detail: 'nothing to verify' });
  const { subject } = first.finalization;
  const configHash = epochConfigHash(config);
  const certified = subject.selector === KIND.finalize ? subject.value.payload : undefined;
  let parent: Uint8Array | undefined;
  let isCertified = false;
  for (const { block } of blocks) {
    const { header } = block;
    if (header.epoch !== config.epoch || !equalBytes(header.config, configHash)) {
      const detail = `block ${header.height} is of config ${toHex(header.config)}`;
      return err({ code: 'wrong_config', detail });
    }
    if (parent !== undefined && !equalBytes(header.parent, parent)) {
      return err({ code: 'broken_chain', detail: `at block ${header.height}` });
    }
    parent = blockHash(header);
    if (certified !== undefined && equalBytes(parent, certified)) isCertified = true;
    if (isCertified) break;
  }
  if (!isCertified) {
    return err({ code: 'not_certified', detail: `block ${first.block.header.height}` });
  }
  const verified = verifyCertificate(
    committeeOf(config),
    chainId,
    first.finalization,
    // The chain's rule is libsodium's, which is RFC 8032's and not ZIP 215's.
    (key, digest, signature) => ed25519.verify(signature, digest, key, { zip215: false }),
  );
  if (!verified.ok) return verified;
  return ok({
    header: first.block.header,
    hash: blockHash(first.block.header),
    signedWeight: verified.value,
    signatures: first.finalization.signatures.length,
  });
}
