/**
 * What a command is rejected with: the server's refusal, or `connection_lost`.
 */

export class Refusal extends Error {
  /**
   * @param {string} code
   * @param {string} sentence for people
   */
  constructor(code, sentence) {
    super(sentence);
    this.code = code;
  }
}
