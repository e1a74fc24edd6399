/**
 * Ties a child process to the devnet: loaded with `--import` before the child's own program, it ends
 * the child when the channel to its parent closes, however the parent died.
 */
import { isMainThread } from 'node:worker_threads';

/** A child that has not ended by itself this long after its parent is killed. */
const GRACE_MS = 5_000;

if (isMainThread && process.channel) {
  // The channel alone must not keep a child alive that has finished.
  process.channel.unref();
  process.once('disconnect', () => {
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE_MS).unref();
    process.kill(process.pid, 'SIGTERM');
  });
}
