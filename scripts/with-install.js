// Runs a script of the project on the pinned Node, installing the packages first when a clone has
// none or when the lock file is newer than what is installed. Plain JavaScript for Node 20.
// Usage: node scripts/with-install.js SCRIPT [ARG ...]
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Type stripping and libp2p need it. */
const MINIMUM_NODE_MAJOR = 24;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'node_modules', '.miletus-lock-sha256');
const lockHash = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lockHash) {
  process.stderr.write('miletus: installing packages (once) ...\n');
  const npm = spawnSync(
    'npm',
    ['ci', '--no-progress', '--loglevel=error', '--no-audit', '--no-fund'],
    {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  if (npm.status !== 0) {
    process.stderr.write('miletus: `npm ci` failed; run it by hand to see why\n');
    process.exit(70);
  }
  writeFileSync(stamp, lockHash);
}

const pinned = join(root, 'node_modules', '.bin', 'node');
if (!existsSync(pinned) && Number(process.versions.node.split('.')[0]) < MINIMUM_NODE_MAJOR) {
  process.stderr.write(
    `miletus: no pinned Node for ${process.platform}-${process.arch}, and this one is ` +
      `${process.versions.node}: install Node ${MINIMUM_NODE_MAJOR} or newer\n`,
  );
  process.exit(69);
}
const node = existsSync(pinned) ? pinned : process.execPath;
// As in bin/miletus.js.
process.env.NODE_COMPILE_CACHE ??= join(root, 'node_modules', '.cache', 'miletus');
const [script, ...args] = process.argv.slice(2);
const child = spawn(node, ['--disable-warning=ExperimentalWarning', join(root, script), ...args], {
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  if (signal) process.kill(process.pid, signal);
  else process.exit(code ?? 1);
});
