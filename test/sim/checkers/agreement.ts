/**
 * Agreement: at each height all nodes have the same final block, ever; and each node's final blocks
 * come without gaps.
 */
import { toHex } from '../../../runtime/core/bytes.ts';
import type { Checker } from './checker.ts';

export function agreement(): Checker {
  const blocks = new Map<number, string>();
  const tips = new Map<number, number>();
  const violations: string[] = [];
  return {
    name: 'agreement',
    violations,
    observer: {
      onFinal(node, header, payload) {
        const hash = toHex(payload);
        const known = blocks.get(header.height);
        if (known !== undefined && known !== hash) {
          violations.push(`height ${header.height}: node ${node} has ${hash}, others ${known}`);
        }
        blocks.set(header.height, known ?? hash);
        const tip = tips.get(node) ?? 0;
        if (header.height > tip + 1) {
          violations.push(`node ${node} goes from height ${tip} to ${header.height}`);
        }
        tips.set(node, Math.max(tip, header.height));
      },
    },
  };
}
