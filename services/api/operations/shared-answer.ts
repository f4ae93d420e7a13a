/**
 * Lets callers share an answer that is dear to make: who asks while it is being made, or shortly after, gets the
 * same one. Whoever may ask without a token can then not make the platform work for every asking.
 */
export function sharedAnswer<T>(make: () => Promise<T>, keptMs: number): () => Promise<T> {
  let answer: Promise<T> | undefined;
  let until = 0;
  return () => {
    const now = performance.now();
    if (!answer || now >= until) {
      until = now + keptMs;
      answer = make();
    }
    return answer;
  };
}
