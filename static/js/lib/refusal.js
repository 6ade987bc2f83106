/**
 * What a command is rejected with: the server's refusal, or `connection_lost`.
 */

export class Refusal extends Error {
  /**
   * @param {Wire.ErrorCode | "connection_lost"} code
   * @param {string} sentence for people
   */
  constructor(code, sentence) {
    super(sentence);
    this.code = code;
  }
}

/**
 * The code of a refusal; nothing of any other error.
 * @param {unknown} error
 */
export function codeOf(error) {
  return error instanceof Refusal ? error.code : null;
}
