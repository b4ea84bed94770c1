import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Clock } from '../../../contract/system.ts'
import { filesOf } from '../config.ts'
import { CommandProblem } from '../problems.ts'
import { checkDatabase, copyDatabase, lockFolder } from '../store/sqlite.ts'

/**
 * Copies the service's data into one file, also while the service runs, and checks the copy.
 * @throws CommandProblem where there is no data, the file exists, or the copy is damaged.
 */
export async function backup(data: string, to: string): Promise<void> {
  const { database } = filesOf(data)
  if (!existsSync(database)) throw new CommandProblem(`There is no service data in ${data}.`)
  if (existsSync(to)) throw new CommandProblem(`${to} exists already. Name another file.`)
  mkdirSync(dirname(to), { recursive: true })
  const unfinished = `${to}.unfinished`
  rmSync(unfinished, { force: true })
  try {
    await copyDatabase(database, unfinished)
    renameSync(unfinished, to)
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw new CommandProblem(`The backup failed: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

/**
 * Puts a backup in the place of the service's data. What was there stays beside it under another name.
 * @returns where the former data is, if there was any.
 * @throws CommandProblem where the service runs, or the backup is missing or damaged; nothing is changed then.
 */
export async function restore(from: string, data: string, clock: Pick<Clock, 'now'>): Promise<string | undefined> {
  if (!existsSync(from)) throw new CommandProblem(`There is no file ${from}.`)
  try {
    checkDatabase(from)
  } catch (error) {
    throw new CommandProblem(
      `${from} is not a backup that can be restored: ${error instanceof Error ? error.message : String(error)}`,
      error,
    )
  }
  const { folder, database, lock } = filesOf(data)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const unlock = lockFolder(lock)
  if (!unlock) throw new CommandProblem(`A service is running on ${data}. Stop it first.`)
  try {
    const incoming = `${database}.incoming`
    rmSync(incoming, { force: true })
    await copyDatabase(from, incoming)
    const former = existsSync(database)
      ? `${database}.before-restore-${new Date(clock.now()).toISOString().replace(/[:.]/g, '-')}`
      : undefined
    if (former !== undefined)
      for (const suffix of ['-wal', '-shm', '']) if (existsSync(database + suffix)) renameSync(database + suffix, former + suffix)
    renameSync(incoming, database)
    return former
  } finally {
    unlock()
  }
}
