#!/usr/bin/env node
// Starts the `miletus` command line on a Node that can run it: the one pinned in node_modules
// when the platform has it, else the Node at hand if it is new enough. Plain JavaScript, because
// this file must run on any Node from 20 up.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MINIMUM_NODE_MAJOR = 24;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pinned = join(root, 'node_modules', '.bin', 'node');
const major = Number(process.versions.node.split('.')[0]);

if (!existsSync(pinned) && major < MINIMUM_NODE_MAJOR) {
  process.stderr.write(
    `miletus: this machine runs Node ${process.versions.node} and no pinned Node is installed for ` +
      `${process.platform}-${process.arch}. Install Node ${MINIMUM_NODE_MAJOR} or newer, or on Linux ` +
      'x64 or arm64 run `npm ci`, which brings it.\n',
  );
  process.exit(69);
}

// Compiled once and kept: commands and nodes start faster, and a node takes some 50 MB less, since types
// need no stripping. Where the folder cannot be written nothing is kept.
// Children and threads find it by the environment.
process.env.NODE_COMPILE_CACHE ??= join(root, 'node_modules', '.cache', 'miletus');
const main = join(root, 'wallet', 'cli', 'main.ts');
const argv = ['--disable-warning=ExperimentalWarning', main, ...process.argv.slice(2)];
if (!existsSync(pinned) || process.versions.node.startsWith('26.10.')) {
  module.enableCompileCache?.(process.env.NODE_COMPILE_CACHE);
  process.argv = [process.argv[0], main, ...process.argv.slice(2)];
  await import(main);
} else {
  const child = spawn(pinned, argv, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal) process.kill(process.pid, signal);
    else process.exit(code ?? 1);
  });
}
