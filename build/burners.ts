import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** Keeps every core of the machine busy with a process of its own, until it is disposed of. They end with this process too. */
export function burnAllCores(): Disposable & { readonly cores: number } {
  const cores = availableParallelism()
  const children = Array.from({ length: cores }, () =>
    spawn(process.execPath, ['--eval', 'for (;;) if (process.ppid === 1) process.exit()'], { stdio: 'ignore' }),
  )
  return {
    cores,
    [Symbol.dispose]() {
      for (const child of children) child.kill('SIGKILL')
    },
  }
}
