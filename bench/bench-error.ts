/** Why the bench cannot measure; whoever runs it can mend it. */
export class BenchError extends Error {
  override readonly name = 'BenchError';
}
