import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** When a process began, in the system's own words: another process with the same number began at another time. */
export type ProcessStart = string

interface Process {
  pid: number
  parent: number
  /** The number of the process that leads its session; of its group, where the system does not say. */
  session: number
  started: ProcessStart
}

/** New children may be born while their parents are killed; after so many rounds whatever is left is left. */
const roundsAtMost = 10
const listMs = 5_000

/** When a process began, or undefined where it is not there or cannot be asked. */
export const startOf = (pid: number): ProcessStart | undefined => living().find((one) => one.pid === pid)?.started

/**
 * Ends, at once, every process of the session that `leader` leads or led, and all that descend from it. Nothing where the
 * number belongs to a process that began at another time than `started`.
 */
export function killSession(leader: number, started: ProcessStart | undefined): void {
  for (let round = 0; round < roundsAtMost; round += 1) {
    const processes = living()
    const found = processes.find(({ pid }) => pid === leader)
    if (found && started !== undefined && found.started !== started) return
    const members = membersOf(processes, leader)
    if (members.length === 0) return
    for (const pid of members) kill(pid)
  }
}

function membersOf(processes: readonly Process[], leader: number): number[] {
  const members = new Set(processes.filter(({ pid, session }) => pid === leader || session === leader).map(({ pid }) => pid))
  for (let size = -1; size !== members.size;) {
    size = members.size
    for (const { pid, parent } of processes) {
      if (members.has(parent)) members.add(pid)
    }
  }
  // The agent itself is never among them, whatever the list says.
  members.delete(process.pid)
  return [...members]
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself, or belongs to somebody else.
  }
}

/** Processes that have not ended; none where they cannot be listed: who uses up all files must not stop a session's end. */
function living(): Process[] {
  try {
    return process.platform === 'linux' ? fromProc() : fromPs()
  } catch {
    return []
  }
}

function fromProc(): Process[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/u.test(name)) return []
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      // The name of the program stands in brackets and may hold anything.
      const [state, parent, , session, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (state === 'Z' || state === 'X') return []
      return [{ pid: Number(name), parent: Number(parent), session: Number(session), started: rest[15] ?? '' }]
    } catch {
      // It ended meanwhile.
      return []
    }
  })
}

function fromPs(): Process[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,pgid=,stat=,lstart='], { encoding: 'utf8', timeout: listMs })
  return stdout.split('\n').flatMap((line) => {
    const [pid, parent, group, state, ...started] = line.trim().split(/\s+/u)
    if (!pid || state?.startsWith('Z')) return []
    return [{ pid: Number(pid), parent: Number(parent), session: Number(group), started: started.join(' ') }]
  })
}
