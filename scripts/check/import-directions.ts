/**
 * Imports point inward: the edge may name the shell and the core, the shell the core, the core only
 * itself and the libraries it is allowed. Type imports count.
 */
import { posix } from 'node:path';
import { type Finding, importsOf, type SourceFile } from './syntax.ts';

/** What each top folder may import: folders (with a final slash) or single files. */
const ALLOWED: { readonly [folder: string]: readonly string[] } = {
  runtime: ['runtime/', 'staking/'],
  // What proves a double signature, and who should have led, consensus alone defines.
  staking: [
    'staking/',
    'runtime/',
    'consensus/evidence.ts',
    'consensus/leader-schedule.ts',
    'consensus/messages.ts',
  ],
  consensus: ['consensus/', 'runtime/'],
  genesis: ['genesis/', 'runtime/', 'staking/'],
  p2p: ['p2p/', 'consensus/', 'runtime/', 'node/ports.ts'],
  node: ['node/', 'p2p/', 'consensus/', 'runtime/', 'staking/', 'genesis/'],
  wallet: [
    'wallet/',
    'runtime/',
    'staking/',
    'consensus/',
    'genesis/',
    'p2p/messages.ts',
    'node/rpc/schemas/',
    // Pure: what a wallet computes from proven rows, it computes and shows as a node does.
    'node/query/',
    'node/rpc/ask.ts',
    'node/rpc/context.ts',
    'node/rpc/errors.ts',
    'node/rpc/methods/account.ts',
    'node/rpc/methods/staking.ts',
    'node/rpc/present-block.ts',
    'node/rpc/present-money.ts',
    'node/rpc/present-receipt.ts',
    'node/rpc/state-tables.ts',
    'node/process.ts',
    'node/config.ts',
    'node/exit-codes.ts',
    'node/keys.ts',
    'node/core-dumps.ts',
    'node/signer/low-water.ts',
    'node/signer/make-signer.ts',
    'node/signer/signer-config.ts',
    'node/signer/signer-process.ts',
    'devnet/cli.ts',
    'feeder/cli.ts',
  ],
  feeder: [
    'feeder/',
    'wallet/',
    'runtime/',
    'genesis/',
    'node/rpc/schemas/',
    'node/config.ts',
    'node/exit-codes.ts',
    'node/http-server.ts',
    'node/keys.ts',
  ],
  devnet: [
    'devnet/',
    'feeder/',
    'wallet/',
    'runtime/',
    'staking/',
    'consensus/',
    'genesis/',
    'node/rpc/schemas/',
    'node/config.ts',
    'node/exit-codes.ts',
    'node/keys.ts',
    'p2p/peer-identity.ts',
  ],
};

const CORE = new Set(['runtime', 'staking', 'consensus', 'genesis']);

/** Libraries the core may use: pure, synchronous, pinned. */
const CORE_LIBRARIES = [
  '@chainsafe/ssz',
  '@chainsafe/as-sha256',
  '@chainsafe/as-sha256/lib/wasm.js',
  '@noble/hashes/',
  '@scure/base',
  '@stdlib/math-base-special-exp',
  '@stdlib/math-base-special-ln',
  '@stdlib/math-base-special-erfc',
  '@stdlib/math-base-special-erfcx',
];

function fits(target: string, allowed: readonly string[]): boolean {
  return allowed.some((entry) =>
    entry.endsWith('/') ? target.startsWith(entry) : target === entry,
  );
}

/** Imports of `files` that point outward or name a library the core may not use. */
export function importDirectionFindings(files: readonly SourceFile[]): Finding[] {
  const findings: Finding[] = [];
  for (const file of files) {
    const folder = file.path.split('/')[0] ?? '';
    const allowed = ALLOWED[folder];
    if (allowed === undefined) continue;
    for (const { specifier, line } of importsOf(file)) {
      if (specifier.startsWith('.')) {
        const target = posix.join(posix.dirname(file.path), specifier);
        if (!fits(target, allowed)) {
          const message = `${folder}/ may not import ${target}: allowed are ${allowed.join(', ')}`;
          findings.push({ path: file.path, line, message });
        }
      } else if (CORE.has(folder) && !fits(specifier, CORE_LIBRARIES)) {
        const message = `the core may not import ${specifier}: have it passed in by the shell`;
        findings.push({ path: file.path, line, message });
      }
    }
  }
  return findings;
}
