/**
 * The final prefix never changes: what a node called final it calls final for ever, at the same
 * height, also after crashes; nothing final is lost by one.
 */
import { toHex } from '../../../runtime/core/bytes.ts';
import type { Checker } from './checker.ts';

export function finalPrefix(): Checker {
  const chains = new Map<number, string[]>();
  const violations: string[] = [];
  return {
    name: 'final prefix',
    violations,
    observer: {
      onFinal(node, header, payload) {
        const chain = chains.get(node) ?? [];
        const before = chain[header.height];
        if (before !== undefined && before !== toHex(payload)) {
          violations.push(`node ${node} changed height ${header.height}`);
        }
        chain[header.height] = toHex(payload);
        chains.set(node, chain);
      },
      onRestart(node, finalHeight) {
        const reached = (chains.get(node)?.length ?? 1) - 1;
        if (finalHeight < reached) {
          violations.push(`node ${node} restarted at final height ${finalHeight}, was ${reached}`);
        }
      },
    },
  };
}
