/** Something that whoever typed the command can do something about; the message says what. The command ends with 1. */
export class CommandProblem extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'CommandProblem'
  }
}

/** An option or a configuration value is wrong; the message names it. The command ends with 2. */
export class ConfigProblem extends CommandProblem {
  constructor(message: string) {
    super(message)
    this.name = 'ConfigProblem'
  }
}
