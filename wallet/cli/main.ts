/** Entry of the command line: `bin/miletus.js` imports this file. */
import { denyCoreDumps } from '../../node/core-dumps.ts';
import { runCommandLine } from './run.ts';

// Commands read passwords, mnemonics and keys; none of them may reach a disk.
denyCoreDumps();
await runCommandLine(process.argv.slice(2));
