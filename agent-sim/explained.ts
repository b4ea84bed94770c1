/**
 * An error whose message is meant for the person who typed the command or stands at the device. It is shown without a
 * stack; `remedy` says what to do, where that is known.
 */
export class ExplainedError extends Error {
  override readonly name: string = 'ExplainedError'
  readonly remedy: string | undefined = undefined
}
