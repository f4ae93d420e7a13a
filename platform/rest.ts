/** The pause of a loop, which something that happens meanwhile ends. One loop rests by it at a time. */
export class Rest {
  #end: (() => void) | undefined;

  /** Resolves after a time in ms, or when it is ended. A pause that is not ended costs a timer and nothing else. */
  async for(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timeout = setTimeout(resolve, milliseconds);
      this.#end = () => {
        clearTimeout(timeout);
        resolve();
      };
    });
    this.#end = undefined;
  }

  /** Ends the pause, if there is one. */
  end(): void {
    this.#end?.();
  }
}
