import { spawn, type ChildProcess } from 'node:child_process'
import { programs } from '../../contract/testing/programs.ts'

/** A run of the command line. */
export interface Run {
  child: ChildProcess
  /** What it printed so far. */
  output: () => string
  problems: () => string
  /** Its exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals | null>
}

/** Starts the command line of this part in a process of its own, which ends with this one at the latest. */
export function runAgents(...args: string[]): Run {
  const child = spawn(process.execPath, [programs.agent, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
  let output = ''
  let problems = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    problems += chunk.toString()
  })
  const ended = new Promise<number | NodeJS.Signals | null>((done) => {
    child.once('close', (code, signal) => {
      done(code ?? signal)
    })
  })
  return { child, output: () => output, problems: () => problems, ended }
}
